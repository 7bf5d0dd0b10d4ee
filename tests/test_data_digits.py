"""The embedded digits, whose pixels other programs rely on."""

import numpy as np
import pytest
from sklearn.datasets import load_digits as bundled_digits

from tfppdnn.datasets.load import load_dataset
from tfppdnn.errors import UserError


@pytest.fixture(scope="module")
def digits():
    return load_dataset("digits")


def test_sizes_are_the_contracts(digits):
    assert digits.train_images.shape == (1497, 32, 32, 3)
    assert digits.test_images.shape == (300, 32, 32, 3)
    assert digits.train_images.dtype == digits.test_images.dtype == np.uint8
    assert digits.train_labels.shape == (1497,)
    assert digits.test_labels.shape == (300,)
    assert digits.train_labels.dtype == digits.test_labels.dtype == np.int64
    assert digits.class_names == tuple("0123456789")


def test_labels_are_scikit_learns_in_its_order(digits):
    target = bundled_digits().target

    np.testing.assert_array_equal(digits.train_labels, target[:1497])
    np.testing.assert_array_equal(digits.test_labels, target[1497:])


def enlarged(image):
    """Bilinear interpolation from 8x8 to 32x32 between pixel centres, mirrored at the edge."""
    positions = (np.arange(32) + 0.5) / 4 - 0.5
    lower = np.floor(positions).astype(int)
    weights = np.zeros((32, 8))
    for row, (left, share) in enumerate(zip(lower, positions - lower, strict=True)):
        # Beyond the edge the picture goes on with the last pixel but one.
        weights[row, abs(left)] += 1 - share
        weights[row, 7 - abs(7 - (left + 1))] += share
    return weights @ image @ weights.T


@pytest.mark.parametrize("number", [0, 1, 700, 1496, 1497, 1796])
def test_pixels_are_an_independent_bilinear_enlargement(digits, number):
    images = np.concatenate([digits.train_images, digits.test_images])
    exact = enlarged(bundled_digits().images[number] / 16) * 255

    for channel in range(3):
        assert np.abs(images[number, ..., channel] - exact).max() <= 0.5 + 1e-6


def test_statistics_are_those_of_the_training_images(digits):
    mean, std = digits.channel_statistics()
    pixels = digits.train_images.reshape(-1, 3).astype(np.float64) / 255

    np.testing.assert_allclose(mean, pixels.mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(std, pixels.std(axis=0), atol=1e-5)


def test_the_summary_tells_copies_apart(digits):
    summary = digits.summary()

    assert summary["version"].startswith("scikit-learn ")
    assert summary == {
        "name": "digits",
        "version": summary["version"],
        "image_size": 32,
        "classes": 10,
        "train_images": 1497,
        "test_images": 300,
    }


def test_digits_come_in_one_size():
    with pytest.raises(UserError, match="--image_size=64: digits comes at 32x32 only"):
        load_dataset("digits", image_size=64)


def test_images_too_small_for_the_networks_are_refused():
    with pytest.raises(UserError, match="--image_size=16: must be 32 or more"):
        load_dataset("digits", image_size=16)
