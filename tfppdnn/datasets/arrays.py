"""Data sets that a program holds already: arrays, or a `tf.data.Dataset` of them."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfppdnn.datasets.dataset import ARRAYS, ImageDataset, check_images
from tfppdnn.datasets.held_out import held_out
from tfppdnn.datasets.notices import say_what_is_in_both, say_what_is_seen
from tfppdnn.errors import UserError
from tfppdnn.images.resizing import resize_square

# `tf.data.INFINITE_CARDINALITY`, without the import.
_INFINITE = -1


def from_arrays(given: Any, *, image_size: int, seed: int) -> ImageDataset:
    """Makes a data set of what a program holds.

    Images are cropped to their central square and resized, as those of a folder are. Where no
    test images are given, a tenth of each class (at least one image) is drawn for testing.
    Nothing depends on the order that images come in, so that a `tf.data.Dataset` that shuffles is
    the same data set each time.

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
    divided = all(_is_pair(part) for part in given)
    say_what_is_seen([_side((given[0] if divided else given)[0])], image_size)
    if divided:
        train, test = (_checked(*pair, image_size=image_size) for pair in given)
        say_what_is_in_both(train.contents, test.contents)
    else:
        both = _checked(*given, image_size=image_size)
        chosen = held_out(both.contents, both.labels, seed=seed)
        train, test = both.of(~chosen), both.of(chosen)
    train, test = train.sorted(), test.sorted()
    labels = np.concatenate([train.labels, test.labels])
    count, present = int(labels.max(initial=-1)) + 1, len(np.unique(labels))
    if 1 < present < count / 2:
        raise UserError(
            f"labels go up to {count - 1}, but there are only {present} different ones; number the "
            "classes from 0"
        )
    digest = hashlib.sha256()
    for part in (train, test):
        digest.update(b"".join(part.contents) + part.labels.tobytes())
    return ImageDataset(
        name=ARRAYS,
        version=f"sha256 {digest.hexdigest()[:16]}",
        train_images=train.images,
        train_labels=train.labels,
        test_images=test.images,
        test_labels=test.labels,
        class_names=tuple(str(label) for label in range(count)),
    )


class _Labelled(NamedTuple):
    """Images, uint8 [N, S, S, 3], their labels, int64 [N], and a digest of each image."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    contents: list[bytes]

    def of(self, rows: NDArray) -> _Labelled:
        """Some of them, by a mask [N] or by their rows."""
        contents = [self.contents[row] for row in np.arange(len(self.contents))[rows]]
        return _Labelled(self.images[rows], self.labels[rows], contents)

    def sorted(self) -> _Labelled:
        """The same in an order of its own, which mixes the classes."""
        order = sorted(
            range(len(self.contents)), key=lambda row: (self.contents[row], self.labels[row])
        )
        return self.of(np.array(order, np.int64))


def _is_pair(part: Any) -> bool:
    """Whether it is images and labels, and no picture or list of pictures."""
    if not isinstance(part, (tuple, list)) or len(part) != 2:
        return False
    return getattr(part[0], "ndim", 0) != 3 and np.ndim(part[1]) > 0


def _checked(images: Any, labels: Any, *, image_size: int) -> _Labelled:
    images, labels = _as_array(images, "images"), _as_array(labels, "labels")
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]  # As keras.datasets has them.
    check_images(images)
    if labels.shape != (len(images),) or not np.issubdtype(labels.dtype, np.integer):
        raise UserError(
            f"labels of {len(images)} images must be as many integers, not {labels.dtype} "
            f"{list(labels.shape)}; give class numbers from 0"
        )
    if labels.min(initial=0) < 0:
        raise UserError(f"a label is {labels.min()}; give class numbers from 0")
    if not images.size:
        raise UserError(f"images of a data set are {list(images.shape)}, which is none; give some")
    # As they came, so that at another size the same are held out.
    contents = [hashlib.sha256(np.ascontiguousarray(image)).digest() for image in images]
    if images.shape[1:3] != (image_size, image_size):
        images = np.stack([resize_square(image, image_size) for image in images])
    return _Labelled(images, labels.astype(np.int64), contents)


def _side(images: Any) -> int:
    """The shorter side of images, or of what will be refused 0."""
    shape = np.shape(images) if hasattr(images, "shape") else ()
    return min(shape[1:3], default=0)


def _as_array(given: Any, what: str) -> np.ndarray:
    try:
        return np.asarray(given)
    except ValueError:
        raise UserError(
            f"{what} of a data set must be one array, not a {type(given).__name__} of arrays of "
            "different shapes; bring them to one shape"
        ) from None


def _collected(batches: Any) -> tuple[np.ndarray, np.ndarray]:
    """Takes all of a `tf.data.Dataset` into memory."""
    if int(batches.cardinality()) == _INFINITE:
        raise UserError("the tf.data.Dataset never ends; leave out its repeat(), or take(N) of it")
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
