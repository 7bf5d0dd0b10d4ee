"""How sharp pictures are: a blurred one is seen to be a guess, a sharp one looks like an answer."""

from __future__ import annotations

import numpy as np

from tfppdnn.leakage.pairs import Images, Scores

_IMAGES_AT_A_TIME = 256

# A blur of one pixel is below the first, strong noise above the second.
_AS_SHARP = 0.5, 1.5

# Of its sharpness, at half the size. Of white noise at most a half is left.
_LEFT_OF_A_PHOTOGRAPH = 0.7


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


def relative_sharpness(images: Images, plain: Images) -> float:
    """Tells how sharp images are, as a share of what plain ones are.

    Args:
        images: uint8 [N, H, W, 3], H and W at least 2.
        plain: The same, of any number.

    Returns:
        Their mean sharpness over that of the plain images.
    """
    return float(sharpness(images).mean() / max(sharpness(plain).mean(), 1e-9))


def as_sharp(images: Images, plain: Images) -> bool:
    """Tells whether images are as sharp as photographs: neither blurred nor noise.

    Faint noise may differ from pixel to pixel as much as a photograph does. At half the size half
    of it is gone, and a photograph is as sharp as before.

    Args:
        images: uint8 [N, H, W, 3], H and W at least 4.
        plain: The plain images, of the same size.
    """
    least, most = _AS_SHARP
    whole = relative_sharpness(images, plain)
    halved = relative_sharpness(_halved(images), _halved(plain))
    return least < whole < most and halved > _LEFT_OF_A_PHOTOGRAPH * whole


def _halved(images: Images) -> Images:
    """Means of 2x2 pixels; of an odd height or width without the last."""
    count, height, width, channels = images.shape
    even = images[:, : height // 2 * 2, : width // 2 * 2]
    blocks = even.reshape(count, height // 2, 2, width // 2, 2, channels)
    return np.rint(blocks.mean(axis=(2, 4))).astype(np.uint8)
