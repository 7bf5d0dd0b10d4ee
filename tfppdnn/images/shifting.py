"""Other views of a scene: pictures moved by a few pixels, as frames and crops are."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_FARTHEST = 2  # In pixels.


def shifted(images: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.uint8]:
    """Another view of each scene: moved by up to 2 pixels down or up, and right or left.

    Args:
        images: uint8 [N, H, W, 3].
        random: Draws how far each is moved, all ways alike.

    Returns:
        uint8 [N, H, W, 3]; what comes into view repeats the edge.
    """
    count, height, width, _ = images.shape
    around = ((0, 0), (_FARTHEST, _FARTHEST), (_FARTHEST, _FARTHEST), (0, 0))
    # [N, down, right, channel, H, W]
    crops = sliding_window_view(np.pad(images, around, "edge"), (height, width), axis=(1, 2))
    down, right = random.integers(0, 2 * _FARTHEST + 1, (2, count))
    return np.ascontiguousarray(crops[np.arange(count), down, right].transpose(0, 2, 3, 1))
