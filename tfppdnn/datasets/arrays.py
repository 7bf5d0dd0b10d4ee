"""Data sets that a program holds already: arrays, or a `tf.data.Dataset` of them."""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np

from tfppdnn.datasets.dataset import ARRAYS, ImageDataset
from tfppdnn.errors import UserError
from tfppdnn.images.resizing import resize_square

_TEST_SHARE = 0.1


def from_arrays(given: Any, *, image_size: int, seed: int) -> ImageDataset:
    """Makes a data set of what a program holds.

    Images are cropped to their central square and resized, as those of a folder are. Where no
    test images are given, a tenth of each class (at least one image) is drawn for testing.

    Args:
        given: A pair of images, uint8 [N, H, W, 3], and integer labels [N]; two such pairs, to
            train and to test; or a `tf.data.Dataset` of (image, label), batched or not.
        image_size: Height and width to resize to, in pixels.
        seed: Seed of the draw of test images.

    Returns:
        The data set, called `arrays`. Its version is a digest of the images and labels.

    Raises:
        UserError: It is none of these, or shapes, types or labels do not fit.
    """
    if hasattr(given, "as_numpy_iterator"):
        given = _collected(given)
    if not isinstance(given, (tuple, list)) or len(given) != 2:
        raise UserError(
            f"a {type(given).__name__} is no data set: give a name, a folder, a tf.data.Dataset of "
            "(image, label), or a pair of arrays (images, labels)"
        )
    if isinstance(given[0], (tuple, list)):
        (images, labels), (test_images, test_labels) = (
            _checked(*pair, image_size=image_size) for pair in given
        )
    else:
        images, labels = _checked(*given, image_size=image_size)
        held_out = _held_out(labels, seed)
        test_images, test_labels = images[held_out], labels[held_out]
        images, labels = images[~held_out], labels[~held_out]
    digest = hashlib.sha256()
    for array in (images, labels, test_images, test_labels):
        digest.update(np.ascontiguousarray(array))
    count = int(max(labels.max(initial=-1), test_labels.max(initial=-1))) + 1
    return ImageDataset(
        name=ARRAYS,
        version=f"sha256 {digest.hexdigest()[:16]}",
        train_images=images,
        train_labels=labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=tuple(str(label) for label in range(count)),
    )


def _checked(images: Any, labels: Any, *, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    images, labels = np.asarray(images), np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]  # As keras.datasets has them.
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise UserError(
            f"images of a data set must be uint8 [N, height, width, 3], not {images.dtype} "
            f"{list(images.shape)}; give RGB from 0 to 255"
        )
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(
            f"labels of {len(images)} images must be as many integers, not {labels.dtype} "
            f"{list(labels.shape)}; give class numbers from 0"
        )
    if labels.min(initial=0) < 0:
        raise UserError(f"a label is {labels.min()}; give class numbers from 0")
    if not images.size:
        raise UserError(f"images of a data set are {list(images.shape)}, which is none; give some")
    if images.shape[1:3] != (image_size, image_size):
        images = np.stack([resize_square(image, image_size) for image in images])
    return images, labels.astype(np.int64)


def _held_out(labels: np.ndarray, seed: int) -> np.ndarray:
    """Draws a tenth of each class, bool [N]; classes of one image keep it to train on."""
    rng = np.random.default_rng(seed)
    chosen = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = rng.permutation(np.flatnonzero(labels == label))
        if len(rows) > 1:
            chosen[rows[: max(1, round(_TEST_SHARE * len(rows)))]] = True
    return chosen


def _collected(batches: Any) -> tuple[np.ndarray, np.ndarray]:
    """Takes all of a `tf.data.Dataset` into memory."""
    images, labels = [], []
    for element in batches.as_numpy_iterator():
        if not isinstance(element, tuple) or len(element) != 2:
            raise UserError(
                "the tf.data.Dataset does not hold pairs of (image, label); map it to such pairs"
            )
        image, label = (np.asarray(part) for part in element)
        images.append(image if image.ndim == 4 else image[np.newaxis])
        labels.append(np.atleast_1d(label))
    if not images:
        raise UserError("the tf.data.Dataset is empty; give one with images")
    if len({part.shape[1:] for part in images}) > 1:
        raise UserError(
            "the images of the tf.data.Dataset are of different sizes; map it to one size"
        )
    return np.concatenate(images), np.concatenate(labels)
