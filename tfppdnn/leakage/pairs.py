"""Pairs of image arrays: what every metric takes, checked and cut into batches."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import NDArray

from tfppdnn.errors import UserError

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3], RGB."""

Scores = NDArray[np.float64]
"""float64 [N], one number per pair of images."""

VALUES_PER_BATCH = 2**14
"""How many image values are worked on at a time, so that all of it stays in the fast memory.

Arrays of hundreds of kilobytes are taken from the operating system and given back each time, which
costs more than the arithmetic.
"""


def check_pair(images: Images, plain: Images) -> None:
    """Makes sure that two arrays can be compared image by image.

    Args:
        images: The images under suspicion.
        plain: The plain images, in the same order.

    Raises:
        UserError: If the shapes differ, are not [N, H, W, 3] with N of at least 1, or the
            values are not uint8.
    """
    for name, array in (("images", images), ("plain images", plain)):
        if array.dtype != np.uint8 or array.ndim != 4 or array.shape[-1] != 3 or array.size == 0:
            raise UserError(
                f"the {name} to measure are {array.dtype} of shape {array.shape}: "
                "give uint8 of shape [N, height, width, 3], N at least 1"
            )
    if images.shape != plain.shape:
        raise UserError(
            f"the images to measure have shape {images.shape}, their plain images "
            f"{plain.shape}: give one plain image of the same size for each"
        )


def over_batches(measure: Callable) -> Callable:
    """Checks a pair of image arrays, then measures it in batches that bound the memory."""

    @wraps(measure)
    def measured(images: Images, plain: Images) -> NDArray:
        check_pair(images, plain)
        size = max(1, VALUES_PER_BATCH // images[0].size)
        starts = range(0, len(images), size)
        return np.concatenate([measure(images[i : i + size], plain[i : i + size]) for i in starts])

    return measured
