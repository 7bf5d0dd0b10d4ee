"""What the reference classifier learns from: smoothed labels, and weights that decay."""

import keras
import numpy as np
import pytest

from tfppdnn.datasets.load import load_dataset
from tfppdnn.models.smoothed_cross_entropy import SmoothedCrossEntropy
from tfppdnn.protection.reference_classifier import train_reference_classifier
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings


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
