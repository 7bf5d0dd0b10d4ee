"""Going over pictures that need not fit into memory."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

# 30 MB: 10,000 pictures of 32x32, 200 of 224x224.
_BLOCK_BYTES = 10_000 * 32 * 32 * 3


def in_blocks(images: NDArray[np.uint8], count: int | None = None) -> Iterator[NDArray[np.uint8]]:
    """Yields consecutive slices of about 30 MB.

    Args:
        images: uint8 [N, H, W, 3], an array or `ImagesOnDisk`.
        count: How many of them; None or 0 for all.

    Yields:
        uint8 [B, H, W, 3].
    """
    block = max(1, _BLOCK_BYTES // int(np.prod(images.shape[1:])))
    end = min(count or len(images), len(images))
    for start in range(0, end, block):
        yield images[start : min(start + block, end)]


def mean_image(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The mean of uint8 [N, H, W, 3], float64 [H, W, 3] in 0..255."""
    return sum(some.sum(axis=0, dtype=np.float64) for some in in_blocks(images)) / len(images)
