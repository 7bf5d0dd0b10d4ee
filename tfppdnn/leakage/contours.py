"""Contour correlation: whether the outlines of the plain image can still be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tfppdnn.leakage.outlines import Outlines
from tfppdnn.leakage.pairs import Images, Scores

CONTOUR_SIGMAS = (0, 1, 2)
"""Smoothing, in pixels, under which contours are compared."""


def contour_correlation(images: Images, plain: Images) -> Scores:
    """How well the outlines of an image agree with those of its plain image.

    The Sobel magnitude (root of the summed squares over channels and both directions) of
    both is smoothed by a Gaussian of sigma 0, 1 and 2 pixels; the score is the largest
    absolute Pearson correlation of the three. Chance is not 0: natural images share
    a layout. Compare with plain images of shuffled partners, see `tfppdnn.leakage.leakage`.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        float64 [N] in [0, 1]; 0 where either image has no contours, or the same everywhere.

    Raises:
        UserError: If the arrays cannot be paired.
    """
    return CONTOURS.agreement(images, plain)


def _contours(images: Images) -> NDArray[np.float64]:
    """Sobel magnitudes at each smoothing less their means, [sigma, N, H * W]."""
    magnitude = _sobel_magnitude(images)
    drawn = np.stack(
        [ndimage.gaussian_filter(magnitude, sigma=(0, sigma, sigma)) for sigma in CONTOUR_SIGMAS]
    ).reshape(len(CONTOUR_SIGMAS), len(images), -1)
    drawn -= drawn.mean(axis=-1, keepdims=True)
    return drawn


def _sobel_magnitude(images: Images) -> NDArray[np.float64]:
    # Whole numbers of 16 bits, their squares of 32: exact, and faster than fractions. Margins
    # mirror the image, as scipy's do.
    values = np.pad(images.astype(np.int16), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="symmetric")
    down = values[:, 2:] - values[:, :-2]
    down = down[:, :, :-2] + 2 * down[:, :, 1:-1] + down[:, :, 2:]
    right = values[:, :, 2:] - values[:, :, :-2]
    right = right[:, :-2] + 2 * right[:, 1:-1] + right[:, 2:]
    squares = np.multiply(down, down, dtype=np.int32) + np.multiply(right, right, dtype=np.int32)
    return np.sqrt(squares[..., 0] + squares[..., 1] + squares[..., 2])


def _largest_correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> Scores:
    covariance = np.einsum("knp,knp->kn", a, b)
    spread = np.sqrt(np.einsum("knp,knp->kn", a, a) * np.einsum("knp,knp->kn", b, b))
    # Smoothing a flat map leaves rounding noise of about 1e-12, which is no contour.
    correlation = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 1e-6)
    return np.abs(correlation).clip(0, 1).max(axis=0)


CONTOURS = Outlines(draw=_contours, compare=_largest_correlation)
