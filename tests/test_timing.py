"""How long each stage took, as a person reads it after a run."""

import json

import pytest

from tfppdnn.errors import UserError
from tfppdnn.timing import seconds_of, timed


def busy():
    return sum(number * number for number in range(300_000))


def test_each_stage_is_counted_in_its_order(tmp_path):
    for stage in ("reference classifier", "export"):
        with timed(tmp_path, stage):
            busy()
    seconds = seconds_of(tmp_path)
    assert list(seconds) == ["reference classifier", "export"]
    assert all(took["wall"] > 0 and took["cpu"] > 0 for took in seconds.values())
    assert json.loads((tmp_path / "seconds.json").read_text()) == seconds


def test_a_stage_that_was_stopped_goes_on_counting(tmp_path):
    with pytest.raises(KeyboardInterrupt), timed(tmp_path, "export"):
        busy()
        raise KeyboardInterrupt
    first = seconds_of(tmp_path)["export"]
    with timed(tmp_path, "export"):
        busy()
    both = seconds_of(tmp_path)["export"]
    assert both["wall"] > first["wall"] > 0
    assert both["cpu"] > first["cpu"] > 0


def test_a_damaged_file_is_told_of_before_the_work_and_hides_no_error(tmp_path):
    (tmp_path / "seconds.json").write_text("{")
    told = r"seconds.json is not valid JSON .* restore it, or delete"
    with pytest.raises(UserError, match=told), timed(tmp_path, "export"):
        pytest.fail("the work was begun")
    (tmp_path / "seconds.json").unlink()
    with pytest.raises(UserError, match="it diverged"), timed(tmp_path, "export"):
        (tmp_path / "seconds.json").write_text("{")
        raise UserError("it diverged")


def test_nothing_was_timed(tmp_path):
    assert seconds_of(tmp_path) == {}
