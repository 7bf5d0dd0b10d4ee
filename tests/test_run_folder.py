"""A run folder belongs to one run: it is resumed, or refused with a reason."""

import json

import pytest

from tfppdnn.errors import UserError
from tfppdnn.run_folder import RunFolder, versions

CALL = {
    "preset": "quick",
    "settings": {"epsilon": 1.0, "gamma": (-1.0, 0.4, 0.9), "perceptual_weights": None},
    "dataset": {"name": "digits", "train_images": 1497},
    "seed": 0,
}


def run_of(tmp_path):
    run = RunFolder(tmp_path / "run")
    run.claim(**CALL)
    return run


def test_the_configuration_holds_all_that_a_result_depends_on(tmp_path):
    config = run_of(tmp_path).config()

    assert config["preset"] == "quick"
    assert config["seed"] == 0
    assert config["dataset"] == CALL["dataset"]
    assert config["settings"] == {**CALL["settings"], "gamma": [-1.0, 0.4, 0.9]}
    assert {"python", "tensorflow", "keras"} <= config["versions"].keys()
    assert config["versions"] == versions()


def test_the_same_call_resumes_and_rewrites_nothing(tmp_path):
    run = run_of(tmp_path)
    before = (run.path / "config.json").read_bytes()

    RunFolder(run.path).claim(**CALL)

    assert (run.path / "config.json").read_bytes() == before


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ({"seed": 1}, "seed: 0 there, 1 now"),
        ({"settings": {**CALL["settings"], "epsilon": 0.5}}, "epsilon: 1.0 there, 0.5 now"),
        ({"settings": {**CALL["settings"], "gamma": (-1.0, 0.4, 0.8)}}, "gamma"),
        ({"settings": {**CALL["settings"], "new_setting": 1}}, "new_setting: None there, 1 now"),
        ({"dataset": {**CALL["dataset"], "train_images": 9}}, "train_images: 1497 there, 9 now"),
    ],
)
def test_other_settings_in_the_same_folder_are_refused(tmp_path, other, named):
    run = run_of(tmp_path)
    run.record("reference_classifier", {"test_accuracy": 0.5})
    before = (run.path / "config.json").read_bytes()

    with pytest.raises(UserError, match=named) as refused:
        RunFolder(run.path).claim(**{**CALL, **other})

    assert "give another folder" in str(refused.value)
    assert (run.path / "config.json").read_bytes() == before


def test_a_call_that_was_refused_before_it_made_anything_may_be_mended(tmp_path):
    run = run_of(tmp_path)
    run.claim_stage("trunk", {"trunk": "vgg16"})
    RunFolder(run.path).claim(**{**CALL, "seed": 1})
    assert run.config()["seed"] == 1
    run.claim_stage("trunk", {"trunk": "resnet18"})
    with pytest.raises(UserError, match="was begun with trunk: resnet18"):
        run.claim_stage("trunk", {"trunk": "vgg16"})


def test_an_empty_folder_becomes_a_run_folder(tmp_path):
    RunFolder(tmp_path).claim(**CALL)

    assert (tmp_path / "config.json").is_file()


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")

    with pytest.raises(UserError, match=f"--out={tmp_path}: not empty, and not a run folder"):
        RunFolder(tmp_path).claim(**CALL)

    assert [entry.name for entry in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_is_no_run_folder(tmp_path):
    (tmp_path / "file").write_text("")

    with pytest.raises(UserError, match="not a run folder"):
        RunFolder(tmp_path / "file").claim(**CALL)
    with pytest.raises(UserError, match="not a run folder"):
        RunFolder(tmp_path / "file").config()


@pytest.mark.parametrize("content", ["", '{"preset": "qui', "[]", '{"settings": 5}', "null"])
def test_a_damaged_configuration_is_named(tmp_path, content):
    run = run_of(tmp_path)
    (run.path / "config.json").write_text(content)

    with pytest.raises(UserError, match=r"config\.json"):
        run.claim(**CALL)


def test_reading_a_folder_without_a_run_says_how_to_make_one(tmp_path):
    with pytest.raises(UserError, match=r"no config\.json\); make one with train"):
        RunFolder(tmp_path).config()


def test_figures_of_a_stage_add_up(tmp_path):
    run = run_of(tmp_path)
    assert run.metrics() == {}

    run.record("count", {"plain": 0.9})
    run.record("train", {"ssim": 0.04})

    assert run.record("count", {"protected": 0.8}) == {"plain": 0.9, "protected": 0.8}
    assert json.loads((run.path / "metrics.json").read_text()) == {
        "count": {"plain": 0.9, "protected": 0.8},
        "train": {"ssim": 0.04},
    }


def test_a_stage_with_settings_of_its_own_is_resumed_or_refused(tmp_path):
    run = run_of(tmp_path)
    run.claim_stage("classifier", {"epochs": 5})
    run.claim_stage("classifier", {"epochs": 5})

    with pytest.raises(UserError, match=r"classifier in .* was begun with epochs: 5, now it is 6"):
        run.claim_stage("classifier", {"epochs": 6})
