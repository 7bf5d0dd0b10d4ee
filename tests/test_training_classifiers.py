"""How classifiers learn: from smoothed labels, by weights that decay and rates that fall."""

import dataclasses

import keras
import numpy as np
import pytest

from tfppdnn.classification.networks import compile_for_training
from tfppdnn.datasets.load import load_dataset
from tfppdnn.models.resnet18 import resnet18
from tfppdnn.models.smoothed_cross_entropy import SmoothedCrossEntropy
from tfppdnn.protection.reference_classifier import train_reference_classifier
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings
from tfppdnn.settings.run import ClassifierSettings


@pytest.mark.parametrize("smoothing", [0.1, 0.5])
def test_smoothed_labels_cost_what_kerass_one_hot_labels_cost(smoothing):
    random = np.random.default_rng(0)
    labels, logits = random.integers(0, 5, 7), random.normal(size=(7, 5)).astype(np.float32)
    of_one_hot = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)

    loss = SmoothedCrossEntropy(smoothing)
    again = SmoothedCrossEntropy.from_config(loss.get_config())

    expected = float(of_one_hot(np.eye(5)[labels], logits))
    assert float(loss(labels, logits)) == pytest.approx(expected, rel=1e-6)
    assert float(again(labels[:, None], logits)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.long
def test_a_run_may_smooth_labels_and_let_weights_decay(tmp_path):
    dataset = load_dataset("digits", image_size=32, seed=0)

    def trained(**options):
        small = {"reference_width": 1 / 64, "reference_epochs": 2, "reference_batch_size": 500}
        settings = make_settings("quick", {**small, **options})
        run = RunFolder(tmp_path / "-".join(options))
        classifier = train_reference_classifier(run, settings, dataset, seed=0)
        kernels = [np.linalg.norm(each) for each in classifier.get_weights() if each.ndim > 1]
        return kernels, run.metrics()["reference_classifier"]["history"][-1]["loss"]

    kernels, loss = trained(reference_learning_rate=1e-6)
    decayed, _ = trained(reference_learning_rate=1e-6, reference_weight_decay=1e5)
    _, smoothed = trained(reference_learning_rate=1e-6, reference_label_smoothing=0.5)

    assert all(small < 0.95 * usual for small, usual in zip(decayed, kernels, strict=True))
    # Half of every label is spread: an untrained network's cost is nearer to guessing's.
    assert abs(smoothed - np.log(10)) < abs(loss - np.log(10))


def test_the_rate_rises_over_the_first_epoch_and_falls_along_a_cosine_to_0():
    model = resnet18(num_classes=2, width=1 / 64)
    settings = ClassifierSettings(epochs=4, learning_rate=0.1, schedule="cosine")
    compile_for_training(model, settings, steps=40)
    rate = model.optimizer._learning_rate
    # Half way up; at the top; half way down 30 steps; at the end.
    expected = {0: 0.001, 5: 0.0505, 10: 0.1, 25: 0.05, 40: 0.0}
    for step, at in expected.items():
        assert float(rate(step)) == pytest.approx(at, abs=1e-6)

    compile_for_training(model, dataclasses.replace(settings, schedule="steps"), steps=40)
    rate = model.optimizer._learning_rate
    for step, at in {0: 0.1, 12: 0.1, 13: 0.02, 25: 0.004, 40: 0.0008}.items():
        assert float(rate(step)) == pytest.approx(at, abs=1e-6)
