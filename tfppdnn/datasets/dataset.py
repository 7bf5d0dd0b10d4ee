"""A labelled image data set."""

from __future__ import annotations

import dataclasses
from typing import TypeAlias

import numpy as np

from tfppdnn.datasets.blocks import in_blocks
from tfppdnn.datasets.images_on_disk import ImagesOnDisk
from tfppdnn.errors import UserError

Images: TypeAlias = np.ndarray | ImagesOnDisk
"""Pictures, uint8 [N, H, W, 3], RGB: an array, or what reads them when they are taken."""

ARRAYS = "arrays"
"""The name of a data set that a program held."""


@dataclasses.dataclass(frozen=True)
class ImageDataset:
    """Images and labels of a classification data set, split in two.

    Attributes:
        name: What the user called it.
        version: Where the images come from, precisely enough to tell two copies apart.
        train_images: uint8 [N, H, W, 3], RGB. Of a large folder it is no array, but reads its
            pictures when they are taken: take them a batch at a time.
        train_labels: int64 [N], in [0, K).
        test_images: uint8 [M, H, W, 3], RGB.
        test_labels: int64 [M], in [0, K).
        class_names: The K names, in the order of the labels.
        mirrors_alike: Whether a mirrored image still shows its class; digits do not.
    """

    name: str
    version: str
    train_images: Images
    train_labels: np.ndarray
    test_images: Images
    test_labels: np.ndarray
    class_names: tuple[str, ...]
    mirrors_alike: bool = True

    @property
    def num_classes(self) -> int:
        """The number of classes K."""
        return len(self.class_names)

    @property
    def image_size(self) -> int:
        """Height and width of the (square) images, in pixels."""
        return self.train_images.shape[1]

    def with_test_images(self, count: int) -> ImageDataset:
        """The same with the first of its test images only; 0 for all."""
        if not 0 < count < len(self.test_images):
            return self
        images = self.test_images
        first = images.first(count) if isinstance(images, ImagesOnDisk) else images[:count]
        return dataclasses.replace(self, test_images=first, test_labels=self.test_labels[:count])

    def channel_statistics(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """Mean and standard deviation per channel of the training images, in [0, 1]."""
        # In blocks, since a float copy of all images would be eight times their size.
        total = squares = np.zeros(3)
        for some in in_blocks(self.train_images):
            pixels = some.reshape(-1, 3) / 255
            total = total + pixels.sum(axis=0)
            squares = squares + np.square(pixels).sum(axis=0)
        count = np.prod(self.train_images.shape[:-1])
        mean = total / count
        deviation = np.sqrt(np.maximum(squares / count - mean**2, 0))
        # A constant channel must not divide by zero in the standard normalisation.
        return (
            tuple(round(float(m), 6) for m in mean),
            tuple(max(round(float(s), 6), 1e-3) for s in deviation),
        )

    def summary(self) -> dict[str, object]:
        """Name, version and counts, for a run's `config.json`."""
        return {
            "name": self.name,
            "version": self.version,
            "image_size": self.image_size,
            "classes": self.num_classes,
            "train_images": len(self.train_images),
            "test_images": len(self.test_images),
        }


def check_images(images: np.ndarray | ImagesOnDisk) -> None:
    """Refuses what are no pictures of a data set.

    Raises:
        UserError: They are not uint8 [N, H, W, 3].
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3:
        raise UserError(
            f"images of a data set must be uint8 [N, height, width, 3], not {images.dtype} "
            f"{list(images.shape)}; give RGB from 0 to 255"
        )
