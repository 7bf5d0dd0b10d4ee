"""What people do without a scheme: nothing, a blur, large pixels. To compare others with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.errors import UserError

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3] or [H, W, 3], RGB."""


@dataclass(frozen=True)
class Plain:
    """Protects nothing: images stay as they are."""

    def protect(self, images: Images) -> Images:
        """Returns the images, uint8 [N, H, W, 3] or [H, W, 3]."""
        return images


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur of each channel; beyond the border the image is mirrored.

    Attributes:
        sigma: Standard deviation of the Gaussian in pixels, a whole number from 1.
    """

    sigma: int = 2

    def protect(self, images: Images) -> Images:
        """Blurs uint8 [N, H, W, 3] or [H, W, 3], rounded to 8 bits."""
        # Takes a moment to import, and clients never need it.
        from scipy.ndimage import gaussian_filter

        blurred = gaussian_filter(images.astype(np.float32), self.sigma, axes=(-3, -2))
        return np.rint(blurred).astype(np.uint8)


@dataclass(frozen=True)
class Pixelate:
    """Large pixels: every square of an image becomes its mean colour.

    Attributes:
        side: Height and width of the squares in pixels, a whole number from 1; those at the
            right and bottom border are cut where the image ends.
    """

    side: int = 4

    def protect(self, images: Images) -> Images:
        """Pixelates uint8 [N, H, W, 3] or [H, W, 3], rounded to 8 bits."""
        means = images.astype(np.float64)
        for axis in (-3, -2):
            length = images.shape[axis]
            starts = np.arange(0, length, self.side)
            sizes = np.diff(starts, append=length)
            sums = np.add.reduceat(means, starts, axis=axis)
            shape = [1] * images.ndim
            shape[axis] = len(sizes)
            means = np.repeat(sums / sizes.reshape(shape), sizes, axis=axis)
        return np.rint(means).astype(np.uint8)


BASELINES: dict[str, type[Plain | Blur | Pixelate]] = {
    "plain": Plain,
    "blur": Blur,
    "pixelate": Pixelate,
}
"""Every baseline by the name it has on the command line."""


def make_baseline(name: str, strength: int | None = None) -> Plain | Blur | Pixelate:
    """Makes a baseline.

    Args:
        name: One of `BASELINES`.
        strength: The sigma of `blur`, the side of `pixelate`; their default if None.

    Raises:
        UserError: There is no such baseline, or it has no such strength.
    """
    if name not in BASELINES:
        raise UserError(f"there is no baseline {name!r}: choose from {', '.join(BASELINES)}")
    if strength is None:
        return BASELINES[name]()
    if name == "plain":
        raise UserError(f"plain:{strength}: plain has no strength; give plain alone")
    if strength < 1:
        raise UserError(f"{name}:{strength}: give a whole number from 1, in pixels")
    return BASELINES[name](strength)
