"""Calls that are refused leave nothing behind, and a data set is one however it is typed."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def photos(tmp_path, monkeypatch):
    """A small data set, in the working directory."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    for name in ("cat", "dog"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number in range(20):
            pixels = rng.integers(0, 256, (32, 32, 3), np.uint8)
            Image.fromarray(pixels).save(folder / f"{number}.png")


def stop(*arguments, **settings):
    raise KeyboardInterrupt


@pytest.mark.parametrize("first", ["photos/", "photos"])
def test_a_folder_is_the_same_data_set_with_and_without_a_slash(photos, call, monkeypatch, first):
    monkeypatch.setattr("tfppdnn.protection.stages.make_run", stop)
    monkeypatch.setattr("tfppdnn.classification.fit.train_classifier", stop)
    for typed in (first, "photos/", "photos", "./photos"):
        code, _, error = call("train", f"--dataset={typed}", "--out=out")
        assert code == 130, error
    assert json.loads(Path("out/config.json").read_text())["dataset"]["name"] == "photos"

    Path("out/protector.tflite").write_bytes(b"any")
    code, _, error = call("classify", "--protector=out", "--plain", "--dataset=photos/")
    assert code == 130, error


def test_a_folder_called_digits_is_not_taken_for_the_embedded_ones(photos, call, monkeypatch):
    monkeypatch.setattr("tfppdnn.protection.stages.make_run", stop)
    Path("photos").rename("digits")
    for typed, count in (("digits/", 36), ("./digits", 36), ("digits", 1497)):
        for _ in range(2):
            out = f"out-{count}"
            code, _, error = call("train", f"--dataset={typed}", f"--out={out}")
            assert code == 130, error
        found = json.loads(Path(out, "config.json").read_text())["dataset"]
        assert found["train_images"] == count


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["train", "--dataset=./nothing"], "nothing: there is no such folder"),
        (["train", "--reuse=missing"], "missing: not a run folder"),
        (["frontier", "--dataset=./nothing"], "nothing: there is no such folder"),
        (
            ["audit", "--protector=plain", "--recogniser=missing", "--attacks=gan"],
            "missing cannot be loaded as a SavedModel",
        ),
    ],
)
def test_a_call_that_is_refused_leaves_no_folder(photos, call, arguments, said):
    code, _, error = call(*arguments)
    assert code == 2
    assert said in error.strip().splitlines()[-1]
    assert [path.name for path in Path().iterdir()] == ["photos"]


@pytest.mark.parametrize("verb", ["train", "classify", "audit"])
def test_bad_images_are_refused_or_with_skip_bad_left_out(photos, call, monkeypatch, verb):
    for place in (
        "tfppdnn.protection.stages.make_run",
        "tfppdnn.classification.fit.train_classifier",
        "tfppdnn.classification.training.train_classifier",
    ):
        monkeypatch.setattr(place, stop)
    Path("photos/cat/3.png").write_bytes(b"cut")
    of_verb = {"classify": ["--plain"], "audit": ["--protector=plain", "--attacker_images=8"]}
    typed = [verb, *of_verb.get(verb, []), "--dataset=photos", "--out=out"]
    if verb == "audit":
        typed.append("--held_out_images=3")
    code, _, error = call(*typed)
    assert code == 2
    assert "photos/cat/3.png is not a JPEG" in error and "--skip_bad" in error
    code, _, error = call(*typed, "--skip_bad=photos")
    assert (code, "--skip_bad takes no value" in error) == (2, True)
    code, _, error = call(*typed, "--skip_bad")
    assert code == 130, error
    assert "left out 1 file that cannot be read: photos/cat/3.png is not a JPEG" in error
    config = json.loads(Path("out/config.json").read_text())
    assert config["dataset"]["train_images"] + config["dataset"]["test_images"] == 39
    assert config["skip_bad"] is True


def test_what_a_run_left_out_other_verbs_leave_out_too(photos, call, monkeypatch):
    monkeypatch.setattr("tfppdnn.protection.stages.make_run", stop)
    monkeypatch.setattr("tfppdnn.classification.fit.train_classifier", stop)
    Path("photos/cat/3.png").write_bytes(b"cut")
    call("train", "--dataset=photos", "--out=out", "--skip_bad")
    Path("out/protector.tflite").write_bytes(b"any")
    code, _, error = call("classify", "--protector=out", "--plain")
    assert code == 130, error


def test_a_run_that_was_refused_does_not_exist_for_other_verbs(photos, call):
    call("train", "--dataset=./nothing")
    code, _, error = call("classify", "--protector=runs/nothing-quick")
    assert code == 2
    assert "runs/nothing-quick does not exist" in error


def test_an_empty_folder_that_was_there_stays(photos, call):
    Path("mine").mkdir()
    code, _, _ = call("train", "--dataset=./nothing", "--out=mine")
    assert code == 2
    assert Path("mine").is_dir()
