"""What a round of training is fed with."""

import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.training.feeding import fed

IMAGES = np.arange(5 * 2 * 3, dtype=np.float32).reshape(5, 2, 3)
LABELS = np.arange(5 * 2).reshape(5, 2)


def from_generator():
    return ((image, label) for image, label in zip(IMAGES, LABELS, strict=True))


def from_dataset():
    return tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))


@pytest.mark.parametrize("batches", [from_generator, from_dataset])
@pytest.mark.parametrize("left_out", [0, 2])
def test_batches_come_as_they_are_and_in_their_order(batches, left_out):
    images, labels = zip(*fed(batches(), leave_out=left_out).as_numpy_iterator(), strict=True)

    np.testing.assert_array_equal(images, IMAGES[left_out:])
    np.testing.assert_array_equal(labels, LABELS[left_out:])
    assert (images[0].dtype, labels[0].dtype) == (IMAGES.dtype, LABELS.dtype)


def test_a_batch_may_be_of_nested_parts():
    [((image, time), target)] = fed(iter([((IMAGES, 0.5), LABELS)])).as_numpy_iterator()

    np.testing.assert_array_equal(image, IMAGES)
    assert time == 0.5
    np.testing.assert_array_equal(target, LABELS)


@pytest.mark.parametrize("batches", [from_generator, from_dataset])
def test_no_thread_tunes_it_that_the_end_of_a_round_would_wait_for(batches):
    assert fed(batches()).options().autotune.enabled is False
