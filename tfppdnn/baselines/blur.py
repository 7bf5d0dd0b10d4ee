"""A blur."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfppdnn.baselines.images import Images, check_pixels


@dataclass(frozen=True)
class Blur:
    """A Gaussian blur of each channel; beyond the border the image is mirrored.

    Attributes:
        sigma: Standard deviation of the Gaussian in pixels, a whole number from 1.

    Raises:
        UserError: It is not.
    """

    sigma: int = 2

    def __post_init__(self):
        check_pixels("blur", self.sigma)

    def protect(self, images: Images) -> Images:
        """Blurs uint8 [N, H, W, 3] or [H, W, 3], rounded to 8 bits."""
        # Takes a moment to import, and clients never need it.
        from scipy.ndimage import gaussian_filter

        blurred = gaussian_filter(images.astype(np.float32), self.sigma, axes=(-3, -2))
        return np.rint(blurred).astype(np.uint8)
