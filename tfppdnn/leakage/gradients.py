"""How sharp pictures are: a blurred one is seen to be a guess, a sharp one looks like an answer."""

from __future__ import annotations

import numpy as np

from tfppdnn.leakage.pairs import Images, Scores

_IMAGES_AT_A_TIME = 256


def sharpness(images: Images) -> Scores:
    """Tells how much neighbouring pixels differ.

    Args:
        images: uint8 [N, H, W, 3], H and W at least 2.

    Returns:
        float64 [N]: the mean absolute difference of horizontal and vertical neighbours, in grey
        levels, over pixels and channels.
    """
    found = []
    for start in range(0, len(images), _IMAGES_AT_A_TIME):
        some = images[start : start + _IMAGES_AT_A_TIME].astype(np.int16)
        across, down = (np.abs(np.diff(some, axis=axis)) for axis in (2, 1))
        found.append((across.mean(axis=(1, 2, 3)) + down.mean(axis=(1, 2, 3))) / 2)
    return np.concatenate(found)
