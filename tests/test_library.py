"""The library without a command line: training and classifying what a program holds."""

import gc

import numpy as np
import pytest
from conftest import TINY_SETTINGS

from tfppdnn.classification import fit_classifier
from tfppdnn.errors import UserError
from tfppdnn.protection.pipeline import train
from tfppdnn.settings import make_settings


def tiny_options():
    pairs = (option.removeprefix("--").split("=") for option in TINY_SETTINGS)
    kinds = {"perceptual_weights": str}
    return {name: kinds.get(name, float)(value) for name, value in pairs}


@pytest.fixture(scope="module")
def result():
    """A training on arrays, without a folder."""
    rng = np.random.default_rng(0)
    labels = np.arange(600) % 3
    images = (rng.integers(0, 60, (600, 32, 32, 3)) + 60 * labels[:, None, None, None]).astype(
        np.uint8
    )
    return train((images, labels), settings=make_settings("quick", tiny_options()))


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
    gc.collect()
    assert not path.exists()


def test_settings_that_are_none_are_refused(result):
    with pytest.raises(UserError, match="there is no such preset"):
        train((np.zeros((4, 32, 32, 3), np.uint8), np.arange(4)), settings="fast")
    with pytest.raises(UserError, match=r"--epsilom: .* did you mean --epsilon"):
        train("digits", settings={"epsilom": 1})
    with pytest.raises(UserError, match="--classifier_epoch: not an option of classify"):
        fit_classifier(None, "digits", settings={"classifier_epoch": 1})
