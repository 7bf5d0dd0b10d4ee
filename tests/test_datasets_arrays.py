"""Data sets that a program holds: arrays and `tf.data.Dataset`s are what a folder would be."""

import dataclasses

import numpy as np
import pytest

from tfppdnn.datasets.load import load_dataset
from tfppdnn.errors import UserError

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (40, 32, 32, 3), np.uint8)
LABELS = np.arange(40) % 4


def test_a_tenth_of_each_class_is_held_out_by_the_seed():
    dataset = load_dataset((IMAGES, LABELS))
    assert (len(dataset.train_images), len(dataset.test_images)) == (36, 4)
    assert sorted(dataset.test_labels) == [0, 1, 2, 3]
    assert dataset.class_names == ("0", "1", "2", "3")
    # Every image once, and with its own label.
    both = np.concatenate([dataset.train_images, dataset.test_images])
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    of_image = {image.tobytes(): label for image, label in zip(IMAGES, LABELS, strict=True)}
    assert {image.tobytes(): label for image, label in zip(both, labels, strict=True)} == of_image
    same, other = load_dataset((IMAGES, LABELS)), load_dataset((IMAGES, LABELS), seed=1)
    np.testing.assert_array_equal(same.test_images, dataset.test_images)
    assert same.summary() == dataset.summary() != other.summary()


def test_test_images_may_be_given_as_keras_gives_them():
    dataset = load_dataset(((IMAGES, LABELS[:, None]), (IMAGES[:8], LABELS[:8, None])))
    np.testing.assert_array_equal(dataset.train_images, IMAGES)
    np.testing.assert_array_equal(dataset.test_labels, LABELS[:8])


def test_other_sizes_are_cropped_and_resized():
    wide = np.zeros((12, 64, 96, 3), np.uint8)
    wide[:, :, 16:80] = 200
    dataset = load_dataset((wide, np.arange(12) % 2), image_size=32)
    assert dataset.image_size == 32
    assert (dataset.train_images == 200).all()


@pytest.mark.parametrize("batched", [False, True])
def test_a_tf_data_dataset_is_its_arrays(batched):
    import tensorflow as tf

    streamed = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS))
    dataset = load_dataset(streamed.batch(7) if batched else streamed)
    expected = load_dataset((IMAGES, LABELS))
    assert dataset.summary() == expected.summary()
    np.testing.assert_array_equal(dataset.train_images, expected.train_images)


def test_a_data_set_stays_what_it_is():
    dataset = load_dataset((IMAGES, LABELS))
    assert load_dataset(dataset) is dataset


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (5, "a int is no data set"),
        ((IMAGES / 255, LABELS), "must be uint8"),
        ((IMAGES[..., :1], LABELS), "must be uint8"),
        ((IMAGES, LABELS[:-1]), "labels of 40 images must be as many integers"),
        ((IMAGES, LABELS.astype(float)), "must be as many integers"),
        ((IMAGES, LABELS - 1), "a label is -1"),
        ((IMAGES, LABELS * 0), "only one class"),
        ((IMAGES, LABELS * 0 + 3), "only one class"),
        (((IMAGES, LABELS * 0), (IMAGES, LABELS)), "only one class of images to train"),
        ((IMAGES[:0], LABELS[:0]), r"images of a data set are \[0, .* which is none; give some"),
        (((IMAGES, LABELS), (IMAGES[:0, :9], LABELS[:0])), "which is none; give some"),
        ((IMAGES[:, :0], LABELS), "which is none; give some"),
    ],
)
def test_what_is_none_is_refused_in_one_line(given, said):
    with pytest.raises(UserError, match=said) as refused:
        load_dataset(given)
    assert "\n" not in str(refused.value)


def test_sizes_that_differ_are_named():
    import tensorflow as tf

    sizes = [np.zeros((size, size, 3), np.uint8) for size in (32, 40)]
    signature = (tf.TensorSpec([None, None, 3], tf.uint8), tf.TensorSpec([], tf.int64))
    streamed = tf.data.Dataset.from_generator(
        lambda: zip(sizes, (0, 1), strict=True), output_signature=signature
    )
    with pytest.raises(UserError, match="of different sizes; map it to one size"):
        load_dataset(streamed)


def test_a_data_set_with_an_empty_split_is_refused():
    dataset = load_dataset((IMAGES, LABELS))
    empty = dataclasses.replace(dataset, test_images=IMAGES[:0], test_labels=LABELS[:0])
    with pytest.raises(UserError, match="0 images to test; give two or more"):
        load_dataset(empty)
