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


def test_an_audit_and_tables_stand_in_the_card_once(photos, measured):
    for _ in range(2):
        titles = amend(photos, [RESULTS / "drawn-photos-all"], measured=measured)
    assert titles == ["audit on cifar10", "audit on cifar10", "What it weighs"]
    card = (photos / "CARD.md").read_text()
    assert "`conditional_generator`" in card
    assert card.count("## What it weighs") == 1
    assert "Measured by `python weigh.py`." in card and "| it | 3 |" in card
    assert "python -m tfppdnn audit --protector=photos" in card


def test_an_audit_stays_where_it_was(photos):
    added = [str(RESULTS / name) for name in ("drawn-photos-all", "photos-views")]
    amend(photos, added)
    before = json.loads((photos / "card.json").read_text())["audits"]
    assert main(["amend", str(photos), added[0]]) == 0
    assert json.loads((photos / "card.json").read_text())["audits"] == before
    assert len(before) == 3


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
    with pytest.raises(UserError, match="real-cifar10-audit: not a finished audit of"):
        amend(photos, [RESULTS / "real-cifar10-audit"])
    write_json(measured, {**json.loads(measured.read_text()), "protector": "0123"})
    with pytest.raises(UserError, match=r"measured\.json: not figures of"):
        amend(photos, measured=measured)
    assert (photos / "card.json").read_bytes() == before
