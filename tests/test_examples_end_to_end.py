import runpy
import shutil
from pathlib import Path

import pytest

from tfppdnn.cli import main

EXAMPLE = Path(__file__).parent.parent / "examples" / "end_to_end.py"


@pytest.fixture(scope="module")
def classified_run(tiny_run, tmp_path_factory):
    """The tiny run, with a classifier of protected images."""
    run = tmp_path_factory.mktemp("classified") / "run"
    shutil.copytree(tiny_run, run)
    assert main(["classify", f"--protector={run}"]) == 0
    return run


def test_over_the_wire_is_as_accurate_as_offline(classified_run, capfd, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLE.parent.parent))
    runpy.run_path(str(EXAMPLE))["main"](str(classified_run))
    (line,) = [line for line in capfd.readouterr().out.splitlines() if "over the wire" in line]
    wire, offline = line.removeprefix("over the wire ").split(", offline ")
    assert wire == offline


def test_a_server_that_does_not_start_says_why(classified_run, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(EXAMPLE.parent.parent))
    run = tmp_path / "run"
    shutil.copytree(classified_run, run, ignore=shutil.ignore_patterns("gate"))
    with pytest.raises(SystemExit) as ended:
        runpy.run_path(str(EXAMPLE))["main"](str(run))
    assert "holds no gate" in str(ended.value)
