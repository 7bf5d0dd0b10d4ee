"""Folders that are too large for memory: their pictures are read when they are taken."""

import tracemalloc

import keras
import numpy as np
import pytest
from PIL import Image

from tfppdnn import fit_classifier
from tfppdnn.datasets import folder
from tfppdnn.datasets.batches import image_batches
from tfppdnn.datasets.blocks import in_blocks, mean_image
from tfppdnn.datasets.images_on_disk import ImagesOnDisk
from tfppdnn.datasets.load import load_dataset
from tfppdnn.errors import UserError
from tfppdnn.training.classifiers import compile_classifier
from tfppdnn.training.resumable import fit_resumably

SIDE, COUNT = 40, 24


@pytest.fixture
def photos(tmp_path):
    """Two classes of noise, one of them darker, in pictures that are not square."""
    rng = np.random.default_rng(0)
    for name, brightest in (("day", 256), ("night", 100)):
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(COUNT):
            pixels = rng.integers(0, brightest, (SIDE, SIDE + 20, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    return tmp_path / "photos"


@pytest.fixture
def both(photos, monkeypatch):
    """The same folder, in memory and on disk."""
    in_memory = load_dataset(photos)
    monkeypatch.setattr(folder, "IN_MEMORY_BYTES", 0)
    return in_memory, load_dataset(photos)


def test_pictures_and_labels_are_those_of_a_folder_in_memory(both):
    in_memory, on_disk = both
    assert isinstance(in_memory.train_images, np.ndarray)
    assert not isinstance(on_disk.train_images, np.ndarray)
    assert on_disk.summary() == in_memory.summary()
    for split in ("train", "test"):
        expected, images = (getattr(one, f"{split}_images") for one in (in_memory, on_disk))
        np.testing.assert_array_equal(images, expected)
        np.testing.assert_array_equal(
            getattr(on_disk, f"{split}_labels"), getattr(in_memory, f"{split}_labels")
        )
        assert (images.shape, images.dtype, len(images)) == (
            expected.shape,
            np.uint8,
            len(expected),
        )


@pytest.mark.parametrize(
    "which",
    [0, -1, np.int64(3), slice(5, 2), slice(3, 1000), slice(None, None, 7), np.array([5, 0, 5])],
)
def test_it_is_indexed_as_an_array_is(both, which):
    in_memory, on_disk = both
    taken = on_disk.train_images[which]
    assert isinstance(taken, np.ndarray) and taken.dtype == np.uint8
    np.testing.assert_array_equal(taken, in_memory.train_images[which])


def test_the_first_of_its_test_pictures_stay_on_the_disk(both):
    in_memory, on_disk = (dataset.with_test_images(2) for dataset in both)
    assert isinstance(on_disk.test_images, ImagesOnDisk) and len(on_disk.test_images) == 2
    np.testing.assert_array_equal(np.asarray(on_disk.test_images), in_memory.test_images)
    np.testing.assert_array_equal(on_disk.test_labels, in_memory.test_labels)
    assert both[0].with_test_images(0) is both[0]


def test_there_is_no_picture_behind_the_last(both):
    _, on_disk = both
    with pytest.raises(IndexError):
        on_disk.train_images[len(on_disk.train_images)]
    assert len(list(on_disk.test_images)) == len(on_disk.test_labels)


def test_figures_of_all_pictures_are_those_of_a_folder_in_memory(both):
    in_memory, on_disk = both
    pixels = in_memory.train_images.reshape(-1, 3) / 255
    expected = pixels.mean(axis=0), pixels.std(axis=0)
    np.testing.assert_allclose(on_disk.channel_statistics(), expected, atol=1e-6)
    expected = in_memory.train_images.mean(axis=0)
    np.testing.assert_array_equal(mean_image(on_disk.train_images), expected)


def test_a_block_is_of_30_megabytes_at_most():
    images = np.broadcast_to(np.uint8(0), (500, 224, 224, 3))
    blocks = list(in_blocks(images))
    assert max(block.nbytes for block in blocks) < 31e6
    assert sum(map(len, blocks)) == 500
    assert sum(map(len, in_blocks(images, 301))) == 301


def test_only_what_is_taken_is_in_memory(photos, monkeypatch):
    monkeypatch.setattr(folder, "IN_MEMORY_BYTES", 0)
    decoded = 2 * COUNT * 224 * 224 * 3
    tracemalloc.start()
    try:
        dataset = load_dataset(photos, image_size=224)
        held, at_most = tracemalloc.get_traced_memory()
        assert held < decoded / 10
        assert at_most < decoded / 2
        dataset.train_images[:2]
        held, _ = tracemalloc.get_traced_memory()
        assert held < decoded / 10
    finally:
        tracemalloc.stop()


def test_a_file_that_is_gone_or_another_is_named(both, photos):
    _, on_disk = both
    (photos / "day" / "3.png").unlink()
    with pytest.raises(UserError, match=r"day/3\.png is not a file that can be read; "):
        np.asarray(on_disk.train_images), np.asarray(on_disk.test_images)
    Image.new("RGB", (SIDE, SIDE)).save(photos / "day" / "3.png")
    with pytest.raises(UserError, match=r"day/3\.png was changed while it was in use; ") as told:
        np.asarray(on_disk.train_images), np.asarray(on_disk.test_images)
    assert "\n" not in str(told.value)


def test_a_training_says_which_file_is_gone(both, photos, tmp_path):
    _, on_disk = both
    for file in (photos / "day").iterdir():
        file.unlink()
    model = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Flatten()])
    model.add(keras.layers.Dense(2))
    compile_classifier(model, 0.1, weight_decay=0.0)

    def batches(first_step, count):
        where = {"batch_size": 8, "first_step": first_step, "steps": count, "seed": 0}
        return image_batches(on_disk.train_images, on_disk.train_labels, **where)

    with pytest.raises(UserError, match=r"day/\d+\.png is not a file that can be read; ") as told:
        fit_resumably(
            model, batches, title="x", steps=9, steps_per_round=9, checkpoints=tmp_path / "kept"
        )
    assert "\n" not in str(told.value)


@pytest.mark.long
def test_classify_learns_the_same_from_disk(photos, monkeypatch):
    def learnt():
        settings = {"classifier_width": 0.0625, "classifier_epochs": 1}
        return fit_classifier("pixelate:4", photos, settings=settings).figures

    in_memory = learnt()
    monkeypatch.setattr(folder, "IN_MEMORY_BYTES", 0)
    assert learnt() == in_memory
