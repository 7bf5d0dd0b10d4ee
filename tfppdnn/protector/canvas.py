"""Whether a protector sees and draws every picture at one size, and then enlarges it."""

from __future__ import annotations

import numpy as np

from tfppdnn.protector.scheme import Scheme

_HEIGHTS = (512, 256)
_WIDTH = 16
_CELL = 4


def fixed_canvas(scheme: Scheme) -> int | None:
    """Finds the side of the square that a scheme sees and draws every picture on.

    It shows in tall pictures of noise: their rows come in as many runs of equal ones, all about
    as long, whatever the height. So a canvas of up to 255 pixels is found. And it sees no more if
    the direction of fine stripes makes no difference.

    Args:
        scheme: Takes images of any size.

    Returns:
        The side in pixels; None if what is drawn grows with the picture, if more is seen than is
        drawn, or if it takes no such pictures: what it takes shows when it is given some.
    """
    noise = np.random.default_rng(0).integers(0, 256, (max(_HEIGHTS), _WIDTH, 3), np.uint8)
    try:
        sides = {_runs_of_rows(scheme.protect(noise[:height].copy())) for height in _HEIGHTS}
        side = sides.pop() if len(sides) == 1 else None
        return side if side is not None and _sees_no_more(scheme, side) else None
    except Exception:
        return None


def _runs_of_rows(image: np.ndarray) -> int | None:
    """How many runs of equal rows [H, W, 3] consists of; None if they are not all as long."""
    starts = np.flatnonzero((image[1:] != image[:-1]).any(axis=(1, 2))) + 1
    lengths = np.diff([0, *starts, len(image)])
    return len(lengths) if np.ptp(lengths) <= 1 else None


def _sees_no_more(scheme: Scheme, side: int) -> bool:
    """Whether stripes from left to right and from top to bottom, alike on average, are the same."""
    lying = np.zeros((side * _CELL, side * _CELL, 3), np.uint8)
    lying[::2] = 255
    standing = np.ascontiguousarray(lying.swapaxes(0, 1))
    return np.array_equal(scheme.protect(lying), scheme.protect(standing))
