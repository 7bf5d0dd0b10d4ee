"""Data sets that a program holds: arrays and `tf.data.Dataset`s are what a folder would be."""

import dataclasses

import numpy as np
import pytest

from tfppdnn.datasets.dataset import ImageDataset
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


def test_test_images_may_be_given_as_keras_gives_them(capsys):
    dataset = load_dataset(((IMAGES, LABELS[:, None]), (IMAGES[:8], LABELS[:8, None])))
    assert sorted(map(bytes, dataset.train_images)) == sorted(map(bytes, IMAGES))
    of_image = {bytes(image): label for image, label in zip(IMAGES, LABELS, strict=True)}
    assert [of_image[bytes(image)] for image in dataset.test_images] == list(dataset.test_labels)
    assert len(dataset.test_images) == 8
    said = "8 of 8 test pictures are also among those to train on"
    assert said in capsys.readouterr().err


def test_at_another_size_the_same_are_held_out():
    greys = np.arange(40, dtype=np.uint8)
    large = np.tile(greys[:, None, None, None], (1, 64, 64, 3))
    at_32, at_64 = (load_dataset((large, LABELS), image_size=size) for size in (32, 64))
    held_out = at_32.test_images[:, 0, 0, 0].tolist()
    assert held_out == at_64.test_images[:, 0, 0, 0].tolist() and len(set(held_out)) == 4
    assert at_32.version == at_64.version


@pytest.mark.parametrize("divided", [False, True])
def test_in_another_order_they_are_the_same_data_set(divided):
    order = RNG.permutation(len(IMAGES))
    given = [(IMAGES, LABELS), (IMAGES[order], LABELS[order])]
    if divided:
        given = [(pair, (IMAGES[:8] // 2, LABELS[:8])) for pair in given]
    one, other = map(load_dataset, given)
    assert one.summary() == other.summary()
    np.testing.assert_array_equal(one.train_images, other.train_images)
    np.testing.assert_array_equal(one.train_labels, other.train_labels)
    np.testing.assert_array_equal(one.test_images, other.test_images)


def test_copies_are_on_one_side():
    twice = np.concatenate([IMAGES, IMAGES[::-1]]), np.concatenate([LABELS, LABELS[::-1]])
    dataset = load_dataset(twice)
    assert len(dataset.train_images) + len(dataset.test_images) == 80
    assert not set(map(bytes, dataset.train_images)) & set(map(bytes, dataset.test_images))


def test_large_pictures_are_not_made_small_without_a_word(capsys):
    load_dataset((IMAGES.repeat(3, 1).repeat(3, 2), LABELS))
    assert "pictures of about 96 pixels a side are seen at 32x32" in capsys.readouterr().err


def test_a_list_of_pictures_is_an_array_of_them():
    listed = load_dataset((list(IMAGES), list(LABELS)))
    assert listed.summary() == load_dataset((IMAGES, LABELS)).summary()
    two = load_dataset(((list(IMAGES), LABELS), (list(IMAGES[:2]), [[0], [1]])))
    assert len(two.test_images) == 2


def test_other_sizes_are_cropped_and_resized():
    wide = np.zeros((12, 64, 96, 3), np.uint8)
    wide[:, :, 16:80] = 200 + np.arange(12)[:, None, None, None]
    dataset = load_dataset((wide, np.arange(12) % 2), image_size=32)
    assert dataset.image_size == 32
    assert (dataset.train_images >= 200).all()


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
        (((IMAGES, LABELS, LABELS), (IMAGES, LABELS)), "not a tuple of arrays of different shapes"),
        (([IMAGES[0], IMAGES[0, :9]], LABELS[:2]), "not a list of arrays of different shapes"),
        ((IMAGES, LABELS * 1000), "labels go up to 3000, but there are only 4 different ones;"),
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


def test_one_that_never_ends_is_refused():
    import tensorflow as tf

    streamed = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS)).repeat()
    with pytest.raises(UserError, match=r"never ends; leave out its repeat\(\)"):
        load_dataset(streamed)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"train_images": IMAGES / np.float32(255)}, "must be uint8"),
        ({"test_labels": LABELS[:3]}, "40 images to test have 3 labels up to 2;"),
        (
            {"test_labels": np.eye(4)[LABELS]},
            r"labels must be integers \[N\], not float64 \[40",
        ),
        ({"test_labels": LABELS + 1}, "40 images to test have 40 labels up to 4;"),
        ({"test_labels": LABELS[:0]}, "40 images to test have 0 labels up to none;"),
    ],
)
def test_a_data_set_that_somebody_made_is_looked_at(wrong, said):
    four = tuple("abcd")
    made = ImageDataset("mine", "1", IMAGES, LABELS, IMAGES, LABELS, four)
    assert load_dataset(made) is made
    with pytest.raises(UserError, match=said):
        load_dataset(dataclasses.replace(made, **wrong))


def test_a_data_set_with_an_empty_split_is_refused():
    dataset = load_dataset((IMAGES, LABELS))
    empty = dataclasses.replace(dataset, test_images=IMAGES[:0], test_labels=LABELS[:0])
    with pytest.raises(UserError, match="0 images to test; give two or more"):
        load_dataset(empty)
