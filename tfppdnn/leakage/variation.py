"""How much images differ from one another: those of a collapsed network hardly do."""

from __future__ import annotations

import numpy as np

from tfppdnn.leakage.pairs import Images

# Of all images at once, when they are compared value by value.
_VALUES_AT_A_TIME = 2**21


def variance_across_images(images: Images) -> float:
    """How much images differ from one another.

    Args:
        images: uint8 [N, H, W, 3].

    Returns:
        The variance of each value over the N images, averaged over all values, in squared
        grey levels.
    """
    flat = images.reshape(len(images), -1)
    size = max(1, _VALUES_AT_A_TIME // len(images))
    columns = (flat[:, start : start + size] for start in range(0, flat.shape[1], size))
    return sum(float(c.var(axis=0, dtype=np.float64).sum()) for c in columns) / flat.shape[1]
