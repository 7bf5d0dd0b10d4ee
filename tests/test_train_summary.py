"""What `train` says to the person who waited for it."""

import json
import shutil

import pytest

from tfppdnn.cli import main
from tfppdnn.reports.summary import run_in_words
from tfppdnn.run_folder import RunFolder


@pytest.fixture
def told(tiny_run, tmp_path):
    """The words for the tiny run, with other accuracies."""

    def tell(protected, plain):
        shutil.copytree(tiny_run, tmp_path / "run")
        metrics = json.loads((tmp_path / "run/metrics.json").read_text())
        metrics["protector"] |= {
            "reference_accuracy_on_protected": protected,
            "reference_accuracy_on_plain": plain,
        }
        (tmp_path / "run/metrics.json").write_text(json.dumps(metrics))
        return " ".join(run_in_words(RunFolder(tmp_path / "run")).split())

    return tell


def test_train_ends_with_words_and_then_the_line_of_json(tiny_run, tiny_settings, capfd):
    capfd.readouterr()
    assert main(["train", f"--out={tiny_run}", *tiny_settings]) == 0
    said = capfd.readouterr()
    (line,) = said.out.splitlines()
    assert json.loads(line)["run"] == str(tiny_run)
    names = [row.split()[0] for row in said.err.splitlines() if row[:1].strip()]
    assert [name for name in names if name != "warning:"][:6] == [
        *("made", "keeps", "shows", "decision", "report", "next")
    ]
    assert f"report     {tiny_run / 'report.html'}" in said.err
    assert f"python -m tfppdnn audit --protector={tiny_run}" in said.err
    long = [row for row in said.err.splitlines() if len(row) > 79]
    assert all(str(tiny_run) in row for row in long)  # Nothing is cut out of a path.


def test_the_words_have_the_figures(told):
    words = told(0.4567, 0.9)
    assert "keeps 45.7% of 60 test pictures are classified correctly, of plain ones 90.0%" in words


@pytest.mark.parametrize(
    ("protected", "plain", "warned"),
    [(0.44, 0.9, True), (0.46, 0.9, False), (0.9, 0.9, False), (0.1, 0.9, True)],
)
def test_less_than_half_of_the_accuracy_is_warned_of(told, protected, plain, warned):
    words = told(protected, plain)
    assert ("warning: less than half of the accuracy is left" in words) == warned
    assert ("Do not deploy: too much accuracy is lost." in words) == (protected < 0.66)
