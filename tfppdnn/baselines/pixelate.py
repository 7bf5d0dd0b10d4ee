"""Large pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfppdnn.baselines.images import Images, check_pixels


@dataclass(frozen=True)
class Pixelate:
    """Large pixels: every square of an image becomes its mean colour.

    Attributes:
        side: Height and width of the squares in pixels, a whole number from 1; those at the
            right and bottom border are cut where the image ends.

    Raises:
        UserError: It is not.
    """

    side: int = 4

    def __post_init__(self):
        check_pixels("pixelate", self.side)

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
