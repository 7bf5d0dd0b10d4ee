"""The commands that make a shipped protector's card, and the records that they left."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tfppdnn.experiments.shipping import INT8
from tfppdnn.protector import Protector

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "results"


@pytest.fixture
def card(request, monkeypatch):
    """What the card of a protector is made of, by its name."""
    monkeypatch.syspath_prepend(RESULTS)
    return importlib.import_module(f"{request.param}_card").CARD


@pytest.mark.parametrize("card", ["photos", "cifar10"], indirect=True)
def test_records_are_those_of_the_commands(card):
    """Somebody who runs a command finds the settings of the record that pages quote."""
    own = Protector.named(card.name).identity
    for name, (verb, *options) in card.verbs.items():
        config = json.loads((RESULTS / name / "config.json").read_text())
        given = dict(option[2:].partition("=")[::2] for option in options)
        assert config["verb"] == verb
        assert config["protector"] == ("plain" if "plain" in given else own), name
        known = {**config["settings"], "dataset": config["dataset"]["name"]}
        known |= {"preset": config["preset"], "image_size": config["dataset"]["image_size"]}
        for option in given.keys() - {"attacks", "plain", "protector", "recogniser"}:
            assert str(known[option]) == given[option], f"{name}: --{option}"
        if "attacks" in given:
            audit = json.loads((RESULTS / name / "audit.json").read_text())
            assert set(audit["attacks"]) == set(given["attacks"].split(","))


@pytest.mark.parametrize("card", ["photos", "cifar10"], indirect=True)
def test_the_card_says_what_its_records_say(card):
    """Nobody changes a record beside the card, or the card beside its records."""
    folder = ROOT / "tfppdnn/shipped" / card.name
    written = json.loads((folder / "card.json").read_text())
    for kind, names in (("audits", card.audits), ("classifiers", card.classifiers)):
        configs = [json.loads((RESULTS / name / "config.json").read_text()) for name in names]
        assert [one["config"]["settings"] for one in written[kind]] == [
            config["settings"] for config in configs
        ]
    assert (folder / INT8).exists() == ("int8" in card.figures)


def test_names_that_are_nothing_of_the_card_are_refused():
    script = RESULTS / "cifar10_card.py"
    command = [sys.executable, script, "--data_dir=x", "--work=y", "--only=linking,nothing"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert ended.returncode == 2
    assert "--only=nothing: choose from narrow-cifar10-ours," in ended.stderr
