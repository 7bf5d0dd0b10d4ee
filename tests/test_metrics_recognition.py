"""Recognition counted by hand, at other sizes, and by a classifier from a run folder."""

import numpy as np
import pytest

from tfppdnn import leakage as metrics
from tfppdnn.errors import UserError


def by_brightness(images):
    """Names the hundreds of the mean grey level: 0, 1 or 2."""
    return (images.mean(axis=(1, 2, 3)) // 100).astype(np.int64)


def test_recognition_counts_the_images_named_rightly():
    images = np.stack([np.full((8, 8, 3), value, np.uint8) for value in (20, 120, 220, 20)])
    np.testing.assert_array_equal(
        metrics.recognition(by_brightness, images, [0, 1, 2, 2]), [True, True, True, False]
    )


def test_guessing_is_always_the_most_frequent_class():
    np.testing.assert_array_equal(
        metrics.guessing([3, 1, 1, 0, 1]), [False, True, True, False, True]
    )
    labels = np.array([0, 0, 1, 2])
    mean_image = metrics.mean_image_baseline(np.full((1, 8, 8, 3), 120, np.uint8), 4)
    named = metrics.recognition(by_brightness, mean_image, labels)
    assert named.mean() == 0.25 <= metrics.guessing(labels).mean() == 0.5


@pytest.mark.parametrize("shape", [(8, 8), (16, 12), (4, 4), (9, 7)])
def test_images_of_other_sizes_are_averaged_over_areas(shape):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (3, *shape, 3), dtype=np.uint8)
    seen = []
    recognise = metrics.at_size(lambda images: (seen.append(images), by_brightness(images))[1], 4)
    recognise(images)
    assert seen[0].shape == (3, 4, 4, 3)
    assert seen[0].dtype == np.uint8
    # Averaging over areas keeps the mean; picking pixels would not.
    np.testing.assert_allclose(seen[0].mean(axis=(1, 2)), images.mean(axis=(1, 2)), atol=0.3)
    if shape == (8, 8):
        blocks = images.reshape(3, 4, 2, 4, 2, 3).mean(axis=(2, 4))
        np.testing.assert_allclose(seen[0], blocks, atol=0.5)


def test_what_is_no_classifier_is_refused():
    images = np.zeros((2, 8, 8, 3), np.uint8)
    with pytest.raises(UserError, match="one label an image"):
        metrics.recognition(by_brightness, images, [0])
    with pytest.raises(UserError, match="a class index for each"):
        metrics.recognition(lambda images: np.zeros((2, 10)), images, [0, 0])


def test_a_runs_reference_classifier_recognises(tiny_run):
    from tfppdnn.datasets.digits import load_digits

    digits = load_digits()
    images, labels = digits.test_images[:60], digits.test_labels[:60]
    recognise = metrics.SavedModelRecogniser(tiny_run / "reference_classifier", batch_size=25)
    import tensorflow as tf

    plainly = tf.saved_model.load(str(tiny_run / "reference_classifier"))
    expected = plainly.signatures["serving_default"](image=images)["class_id"].numpy()
    np.testing.assert_array_equal(recognise(images), expected)
    assert metrics.recognition(recognise, images, labels).mean() == np.mean(expected == labels)


def test_folders_without_a_classifier_are_refused(tiny_run, tmp_path):
    with pytest.raises(UserError, match="cannot be loaded as a SavedModel"):
        metrics.SavedModelRecogniser(tmp_path)
    with pytest.raises(UserError, match="is not a classifier"):
        metrics.SavedModelRecogniser(tiny_run / "protector")
