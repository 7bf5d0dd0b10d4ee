"""The library without a command line: training and classifying what a program holds."""

import dataclasses
import json
import shutil
from functools import partial

import numpy as np
import pytest
from faults.tiny import TINY_SETTINGS

from tfppdnn.audit import audit
from tfppdnn.classification import fit_classifier
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.protection.pipeline import train
from tfppdnn.settings import make_settings
from tfppdnn.settings.audit import make_audit_settings


def tiny_options():
    pairs = (option.removeprefix("--").split("=") for option in TINY_SETTINGS)
    kinds = {"perceptual_weights": str, "objective": str}
    return {name: kinds.get(name, float)(value) for name, value in pairs}


@pytest.fixture(scope="module")
def arrays():
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 3
    images = (rng.integers(0, 60, (600, 32, 32, 3)) + 60 * labels[:, None, None, None]).astype(
        np.uint8
    )
    return images, labels


@pytest.fixture(scope="module")
def result(arrays):
    """A training on arrays, without a folder."""
    return train(arrays, settings=make_settings("quick", tiny_options()))


@pytest.mark.slow
def test_a_training_without_a_folder_gives_a_protector(result):
    images = np.random.default_rng(1).integers(0, 256, (3, 40, 48, 3), np.uint8)
    protected = result.protector.protect(images)
    assert protected.shape == images.shape and protected.dtype == np.uint8
    assert (protected != images).mean() > 0.5
    # The network is the same function before rounding.
    made = np.rint(np.asarray(result.network(images / np.float32(255))) * 255)
    assert np.abs(made - protected).max() <= 1
    assert result.settings.options()["transform_steps"] == 6
    assert str(result.metrics["train"]["test_images"]) in result.summary()


@pytest.mark.slow
def test_a_missing_file_of_a_run_of_arrays_is_made_of_the_arrays_that_are_given(
    result, arrays, tmp_path
):
    shutil.copytree(result.folder, tmp_path / "run")
    missing = tmp_path / "run/protector.tflite"
    missing.unlink()
    train(arrays, settings=result.settings, out=tmp_path / "run")
    assert missing.read_bytes() == (result.folder / "protector.tflite").read_bytes()
    missing.unlink()
    images, labels = arrays
    with pytest.raises(UserError, match=r"with other settings \(dataset version: "):
        train((images[::-1], labels), settings=result.settings, out=tmp_path / "run")


@pytest.mark.slow
def test_a_classifier_without_a_folder_is_measured_on_held_out_images(result):
    import tensorflow as tf

    rng = np.random.default_rng(2)
    labels = np.arange(200) % 2
    images = (rng.integers(0, 100, (200, 32, 32, 3)) + 155 * labels[:, None, None, None]).astype(
        np.uint8
    )
    options = {"classifier_width": 0.0625, "classifier_epochs": 2, "classifier_batch_size": 32}
    dataset = tf.data.Dataset.from_tensor_slices((images, labels)).batch(50)
    classifier = fit_classifier(None, dataset, settings=options)
    assert classifier.kind == "plain"
    assert classifier.figures["test_images"] == 20
    named = classifier.classify(images[:10])
    assert named.shape == (10,) and set(named) <= {0, 1}
    assert 0 <= classifier.accuracy <= 1


def test_what_nobody_holds_any_more_is_gone(tmp_path, monkeypatch):
    from tfppdnn.run_folder import RunFolder

    run = RunFolder.temporary()
    run.record("train", {"figure": 1})
    path = run.path
    assert path.exists()
    del run
    assert not path.exists()


def config_of(record):
    return json.loads((record / "config.json").read_text())


def test_a_preset_is_what_a_run_is_made_with(tmp_path, monkeypatch):
    def stop(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.protection.stages.make_run", stop)
    monkeypatch.setattr("tfppdnn.classification.fit.train_classifier", stop)
    monkeypatch.setattr("tfppdnn.audit.auditor.make_attacks", stop)
    options = {"reference_epochs": 3}
    for out, given in (
        ("preset", {"preset": "hardened", "settings": options}),
        ("whole", {"settings": make_settings("hardened", options)}),
    ):
        with pytest.raises(KeyboardInterrupt):
            train("digits", out=tmp_path / out, **given)
    preset, whole = config_of(tmp_path / "preset"), config_of(tmp_path / "whole")
    assert (preset["preset"], whole["preset"]) == ("hardened", None)
    assert preset["settings"] == whole["settings"]
    assert (preset["settings"]["reference_epochs"], preset["settings"]["reference_width"]) == (
        3,
        make_settings("cpu").reference.width,
    )

    with pytest.raises(KeyboardInterrupt):
        fit_classifier("plain", "digits", preset="cpu", out=tmp_path / "classifier")
    classifier = config_of(tmp_path / "classifier")
    assert (classifier["preset"], classifier["settings"]["classifier_epochs"]) == ("cpu", 4)

    small = {"attacker_image_size": 32, "attacker_images": 64, "held_out_images": 12}
    with pytest.raises(KeyboardInterrupt):
        audit(
            lambda images: 255 - images,
            "digits",
            preset="cpu",
            settings=small,
            recogniser=lambda images: np.zeros(len(images), int),
            out=tmp_path / "audit",
        )
    audited = config_of(tmp_path / "audit")
    assert (audited["preset"], audited["settings"]["itn_width"]) == ("cpu", 16)


def test_a_data_set_that_is_loaded_is_not_loaded_again(tmp_path, monkeypatch):
    seen = []
    monkeypatch.setattr(
        "tfppdnn.classification.fit.train_classifier",
        lambda run, images, *_, **__: seen.append(images),
    )
    mine = dataclasses.replace(load_digits(), name="mine")
    fit_classifier("plain", mine, out=tmp_path)
    assert seen == [mine]


def test_a_preset_of_a_runs_classifier_leaves_its_images_as_they_are(tiny_run, tmp_path):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    config = config_of(run)
    config["settings"]["image_size"] = 64
    (run / "config.json").write_text(json.dumps(config))
    with pytest.raises(UserError, match="--image_size=64: digits comes at 32x32 only"):
        fit_classifier(run, "digits", preset="cpu")


@pytest.mark.parametrize(
    ("make", "settings"),
    [
        (train, make_settings()),
        (fit_classifier, make_settings()),
        (partial(audit, "plain"), make_audit_settings()),
    ],
)
def test_whole_settings_leave_no_room_for_a_preset(make, settings):
    with pytest.raises(UserError, match=r"preset='cpu' and whole settings: .* leave out preset"):
        make(dataset="digits", preset="cpu", settings=settings)


@pytest.mark.slow
def test_settings_that_are_none_are_refused(result):
    with pytest.raises(UserError, match="there is no such preset"):
        train((np.zeros((4, 32, 32, 3), np.uint8), np.arange(4)), preset="fast")
    with pytest.raises(UserError, match=r"expected options by name, .* it is preset='cpu'"):
        train("digits", settings="cpu")
    with pytest.raises(UserError, match=r"expected options by name, .* or RunSettings$"):
        train("digits", settings=make_audit_settings())
    with pytest.raises(UserError, match=r"--epsilom: .* did you mean --epsilon"):
        train("digits", settings={"epsilom": 1})
    with pytest.raises(UserError, match="--classifier_epoch: not an option of classify"):
        fit_classifier(None, "digits", settings={"classifier_epoch": 1})


def test_a_run_of_arrays_says_that_they_have_to_be_given_again(tmp_path, tiny_run):
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run)
    config = json.loads((run / "config.json").read_text())
    config["dataset"]["name"] = "arrays"
    (run / "config.json").write_text(json.dumps(config))
    for make in (audit, fit_classifier):
        with pytest.raises(UserError, match=r"made from arrays, .* give them again as dataset"):
            make(run)


@pytest.mark.parametrize("make", [train, partial(audit, "plain"), fit_classifier])
@pytest.mark.parametrize("seed", ["a", -1, 1.5])
def test_a_seed_is_a_whole_number(make, seed):
    with pytest.raises(UserError, match=f"--seed={seed}: must be a whole number"):
        make(seed=seed)
