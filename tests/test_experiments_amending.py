"""What is found of a protector after it shipped goes into its card."""

import json
import shutil
from pathlib import Path

import pytest

from tfppdnn.errors import UserError
from tfppdnn.experiments.__main__ import main
from tfppdnn.experiments.amending import amend
from tfppdnn.files import digest, write_json
from tfppdnn.protector.shipped import SHIPPED

RESULTS = Path(__file__).parent.parent / "results"


@pytest.fixture
def photos(tmp_path):
    """A copy of the shipped protector, with the audit only that it was shipped with."""
    folder = shutil.copytree(SHIPPED / "photos", tmp_path / "photos")
    card = json.loads((folder / "card.json").read_text())
    write_json(folder / "card.json", {**card, "audits": card["audits"][:1], "measured": []})
    return folder


@pytest.fixture
def measured(photos, tmp_path):
    table = {"title": "By weight", "note": "In grammes.", "head": ["", "g"], "rows": [["it", "3"]]}
    record = {
        "title": "What it weighs",
        "protector": digest(photos / "protector_fp16.tflite"),
        "command": "python weigh.py",
        "tables": [table],
    }
    write_json(tmp_path / "measured.json", record)
    return tmp_path / "measured.json"


def test_audits_and_tables_take_the_place_of_what_was_there(photos, measured):
    added = [RESULTS / name for name in ("drawn-photos-all", "photos-views")]
    classified = ["classify on cifar10"] * 2
    for _ in range(2):
        titles = amend(photos, added, measured=measured)
        assert titles == [*classified, *["audit on cifar10"] * 2, "What it weighs"]
    card = (photos / "CARD.md").read_text()
    assert "`conditional_generator`" in card and "`ridge_16_views`" in card
    assert "`class_mean`" not in card  # Of the audit that was there.
    assert card.count("## What it weighs") == 1
    assert "Measured by `python weigh.py`." in card and "| it | 3 |" in card
    assert "python -m tfppdnn audit --protector=photos" in card


def test_classifiers_and_the_eight_bit_file_leave_the_audits_alone(photos):
    before = json.loads((photos / "card.json").read_text())
    int8 = {**before["int8"], "trained_on": 4321}
    write_json(photos.parent / "int8.json", int8)
    command = ["amend", str(photos), str(RESULTS / "photos-cifar10")]
    assert main([*command, f"--int8={photos.parent / 'int8.json'}"]) == 0
    after = json.loads((photos / "card.json").read_text())
    assert after == {**before, "classifiers": after["classifiers"], "int8": int8}
    (classifier,) = after["classifiers"]
    assert classifier["config"]["dataset"]["version"].endswith("raw images")
    card = (photos / "CARD.md").read_text()
    assert f"{classifier['classify']['protected']['test_accuracy']:.1%}" in card
    assert "was trained on 4,321 pictures of" in card
    write_json(photos.parent / "int8.json", {**int8, "protector": "0123"})
    with pytest.raises(UserError, match=r"int8\.json: not figures of .*protector_int8\.tflite"):
        amend(photos, int8=photos.parent / "int8.json")


def test_half_a_table_is_refused_before_anything_is_written(photos, measured):
    record = json.loads(measured.read_text())
    before = (photos / "card.json").read_bytes()
    del record["tables"][0]["rows"]
    write_json(measured, record)
    with pytest.raises(UserError, match=r"measured\.json: not figures of"):
        amend(photos, measured=measured)
    assert (photos / "card.json").read_bytes() == before


def test_what_is_of_another_protector_is_refused(photos, measured):
    before = (photos / "card.json").read_bytes()
    with pytest.raises(UserError, match="audit-cpu-cifar10: not a finished audit, nor a"):
        amend(photos, [RESULTS / "audit-cpu-cifar10"])
    write_json(measured, {**json.loads(measured.read_text()), "protector": "0123"})
    with pytest.raises(UserError, match=r"measured\.json: not figures of"):
        amend(photos, measured=measured)
    assert (photos / "card.json").read_bytes() == before
