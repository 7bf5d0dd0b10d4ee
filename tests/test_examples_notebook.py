"""The notebook runs from top to bottom, and shows about what it showed."""

import re
from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parent.parent / "examples" / "quickstart.ipynb"


def printed(notebook):
    return [
        output.text
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if output.get("name") == "stdout"
    ]


def test_the_notebook_is_small():
    assert NOTEBOOK.stat().st_size < 300_000


@pytest.mark.long
def test_the_notebook_runs_anew(monkeypatch):
    nbformat = pytest.importorskip("nbformat", reason="needs pip install '.[docs]'")
    nbclient = pytest.importorskip("nbclient", reason="needs pip install '.[docs]'")
    monkeypatch.setenv("PYTHONPATH", str(NOTEBOOK.parent.parent))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    shape, protected, plain, attacked = printed(notebook)
    nbclient.NotebookClient(notebook, timeout=1200, kernel_name="python3").execute()
    shape_now, protected_now, plain_now, attacked_now = printed(notebook)
    assert shape_now == shape
    for now, kept in ((protected_now, protected), (plain_now, plain)):
        assert _percent(now) == pytest.approx(_percent(kept), abs=5)
    # The verdict, and what became of each attack.
    found = re.compile(r"The pictures come back|\w+: (?:worked|failed)")
    assert found.findall(attacked_now) == found.findall(attacked)


def _percent(text):
    return float(re.search(r"([\d.]+)%", text)[1])
