"""Contour correlation: whether the outlines of the plain image can still be seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tfppdnn.audit.pairs import Images, Scores, over_batches

CONTOUR_SIGMAS = (0, 1, 2)
"""Smoothing, in pixels, under which contours are compared."""


@over_batches
def contour_correlation(images: Images, plain: Images) -> Scores:
    """How well the outlines of an image agree with those of its plain image.

    The Sobel magnitude (root of the summed squares over channels and both directions) of
    both is smoothed by a Gaussian of sigma 0, 1 and 2 pixels; the score is the largest
    absolute Pearson correlation of the three. Chance is not 0: natural images share
    a layout. Compare with plain images of shuffled partners, see `tfppdnn.audit.leakage`.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        float64 [N] in [0, 1]; 0 where either image has no contours, or the same everywhere.

    Raises:
        UserError: If the arrays cannot be paired.
    """
    contours, plain_contours = _sobel_magnitude(images), _sobel_magnitude(plain)
    correlations = [
        _pearson(_smoothed(contours, sigma), _smoothed(plain_contours, sigma))
        for sigma in CONTOUR_SIGMAS
    ]
    return np.abs(correlations).max(axis=0)


def _sobel_magnitude(images: Images) -> NDArray[np.float64]:
    values = images.astype(np.float64)
    squares = _sobel(values, along=1, across=2) ** 2 + _sobel(values, along=2, across=1) ** 2
    return np.sqrt(squares.sum(axis=-1))


def _sobel(values: NDArray[np.float64], *, along: int, across: int) -> NDArray[np.float64]:
    # ndimage.sobel would also smooth over the other axes: from one image to the next.
    slope = ndimage.correlate1d(values, [-1, 0, 1], axis=along)
    return ndimage.correlate1d(slope, [1, 2, 1], axis=across)


def _smoothed(maps: NDArray[np.float64], sigma: float) -> NDArray[np.float64]:
    return ndimage.gaussian_filter(maps, sigma=(0, sigma, sigma))


def _pearson(a: NDArray[np.float64], b: NDArray[np.float64]) -> Scores:
    a, b = (maps - maps.mean(axis=(1, 2), keepdims=True) for maps in (a, b))
    covariance = (a * b).sum(axis=(1, 2))
    spread = np.sqrt((a**2).sum(axis=(1, 2)) * (b**2).sum(axis=(1, 2)))
    # Smoothing a flat map leaves rounding noise of about 1e-12, which is no contour.
    correlation = np.divide(covariance, spread, out=np.zeros_like(spread), where=spread > 1e-6)
    return correlation.clip(-1, 1)
