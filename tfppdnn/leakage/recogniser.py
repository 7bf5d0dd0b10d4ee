"""Recognition: whether a classifier that learnt from plain images still names what is shown."""

from __future__ import annotations

import os
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.transform import resize_local_mean

from tfppdnn.errors import UserError
from tfppdnn.leakage.pairs import Images
from tfppdnn.signature import Signature

Recogniser = Callable[[Images], NDArray[np.integer]]
"""Any classifier trained on plain images: uint8 [N, H, W, 3] to N class indices."""


def recognition(recognise: Recogniser, images: Images, labels: ArrayLike) -> NDArray[np.bool_]:
    """Whether a classifier trained on plain images finds each image's class.

    Chance is `guessing`, the ceiling is recognition of the plain images themselves.

    Args:
        recognise: The classifier; see `at_size` for one that takes a single size.
        images: uint8 [N, H, W, 3], such as reconstructions.
        labels: [N] class indices of the plain images.

    Returns:
        bool [N].

    Raises:
        UserError: If there is not one label for each image, or the classifier does not
            answer with one class index for each.
    """
    labels = np.asarray(labels)
    if labels.shape != (len(images),):
        raise UserError(
            f"{len(images)} images and labels of shape {labels.shape}: give one label an image"
        )
    classes = np.asarray(recognise(images))
    if classes.shape != labels.shape or not np.issubdtype(classes.dtype, np.integer):
        raise UserError(
            f"the classifier answers {len(labels)} images with {classes.dtype} of shape "
            f"{classes.shape}: give one that returns a class index for each"
        )
    return classes == labels


def guessing(labels: ArrayLike) -> NDArray[np.bool_]:
    """What recognition scores without seeing anything: always the most frequent class.

    No constant image does better, the mean image included: a classifier gives it one class.

    Args:
        labels: [N] class indices.

    Returns:
        bool [N]: where that guess is right.
    """
    classes, counts = np.unique(labels, return_counts=True)
    return np.asarray(labels) == classes[counts.argmax()]


def at_size(recognise: Recogniser, image_size: int | tuple[int, int]) -> Recogniser:
    """Shows a classifier of one size images of any size, resized by averaging over areas.

    Args:
        recognise: A classifier.
        image_size: The height and width that it was trained at; one number for both.

    Returns:
        A classifier that resizes images of other sizes first, and rounds them to 8 bits.
    """
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)

    def resize_and_recognise(images: Images) -> NDArray[np.integer]:
        if images.shape[1:3] == size:
            return recognise(images)
        resized = [resize_local_mean(one, size, preserve_range=True) for one in images]
        return recognise(np.rint(resized).astype(np.uint8))

    return resize_and_recognise


class SavedModelRecogniser:
    """A classifier from a SavedModel folder, such as `reference_classifier` of a run.

    Those that this project writes resize their images themselves; wrap others in `at_size`.

    Args:
        path: A folder with the signature `serving_default`: `image` uint8 [N, H, W, 3] to
            `class_id`, an integer [N].
        batch_size: Images at a time.

    Raises:
        UserError: The folder is no such SavedModel.
    """

    def __init__(self, path: str | os.PathLike[str], *, batch_size: int = 256):
        mend = "name the `reference_classifier` folder of a run"
        self._classify = made = Signature(path, mend=mend)
        class_id = made.outputs.get("class_id")
        if made.inputs != {"image": "uint8"} or class_id is None or not class_id.is_integer:
            raise UserError(
                f"{path} is not a classifier: its serving_default turns {sorted(made.inputs)} into "
                f"{sorted(made.outputs)}, not 'image' (uint8) into 'class_id'; {mend}"
            )
        self._path, self._batch_size = path, batch_size

    @property
    def classes(self) -> int:
        """How many classes it knows.

        Raises:
            UserError: Its signature does not answer with `probabilities`.
        """
        answer = self._classify(image=np.zeros((1, 32, 32, 3), np.uint8))
        if "probabilities" not in answer:
            raise UserError(f"{self._path} does not tell its classes: it gives no 'probabilities'")
        return answer["probabilities"].shape[-1]

    def __call__(self, images: Images) -> NDArray[np.integer]:
        """Classifies images.

        Args:
            images: uint8 [N, H, W, 3].

        Returns:
            Class indices, [N].
        """
        starts = range(0, len(images), self._batch_size)
        batches = (images[start : start + self._batch_size] for start in starts)
        return np.concatenate([self._classify(image=b)["class_id"].numpy() for b in batches])
