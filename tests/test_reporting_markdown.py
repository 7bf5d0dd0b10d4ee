"""Tables and command lines, as they stand on pages."""

import shlex

import pytest

from tfppdnn.reports.command import command_line
from tfppdnn.reports.markdown import table


def test_a_table_is_one_that_markdown_knows():
    assert table(["", "b"], [["one", 2], ["three", ""]]) == (
        "|  | b |\n| --- | --- |\n| one | 2 |\n| three |  |"
    )


def test_what_a_cell_holds_stays_in_it():
    (*_, line) = table(["name"], [["a|b\nc"]]).splitlines()
    assert line == r"| a\|b c |"


def test_a_line_of_another_length_is_no_line_of_the_table():
    with pytest.raises(ValueError, match="1 cells below a header of 2"):
        table(["a", "b"], [["one"]])


def test_a_command_can_be_typed_as_it_stands():
    line = command_line(
        "train",
        {"dataset": "my photos", "gamma": (-1.0, 1.0), "reuse": None, "data_dir": "/home/a/data"},
    )
    assert line == "python -m tfppdnn train '--dataset=my photos' --gamma=-1.0,1.0 --data_dir=DIR"
    assert shlex.split(line)[4] == "--dataset=my photos"


def test_a_command_on_a_page_names_no_folder_of_this_machine(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    options = {
        "dataset": "imagenet_resized/32x32",
        "protector": str(tmp_path / "frontier" / "points" / "a"),
        "recogniser": "/elsewhere/plain",
    }
    line = command_line("audit", options, seen_from=tmp_path / "frontier")
    assert line.endswith("--dataset=imagenet_resized/32x32 --protector=points/a --recogniser=plain")
    label = {"protector": f"label:{tmp_path}/frontier/classify/plain/classifier_plain"}
    line = command_line("audit", label, seen_from=tmp_path / "frontier")
    assert line.endswith("--protector=label:classify/plain/classifier_plain")
    line = command_line("audit", {"dataset": str(tmp_path / "photos")}, seen_from="frontier")
    assert line.endswith("--dataset=photos")
    # Who keeps the report to himself can have the command as it was.
    assert str(tmp_path) in command_line("audit", options)
