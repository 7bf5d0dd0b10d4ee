import runpy
import shutil
from pathlib import Path

import pytest

# What the README's command leaves out: it makes runs and audits of its own.
pytestmark = pytest.mark.slow

EXAMPLE = Path(__file__).parent.parent / "examples" / "end_to_end.py"


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
