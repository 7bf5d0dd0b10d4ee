"""Orientation agreement: whether edges run the same way at the same place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tfppdnn.audit.pairs import Images, Scores, over_batches

ORIENTATION_SIGMA = 1.5
"""Of the Gaussians for slopes and for averaging, in pixels: single noisy pixels drop out."""

# The share of each side that is cropped: networks leave bright frames there.
_BORDER = 1 / 16
# Slopes are compared with those around them, but those far below the image's own average, or
# below a thirtieth of a grey level a pixel, are noise or rounding.
_FLAT, _ROUNDING = 0.1, 1e-3


@over_batches
def orientation_agreement(images: Images, plain: Images) -> Scores:
    """How well the directions in which an image's edges run agree with its plain image's.

    Eyes follow edges, whatever their colour, polarity and strength; so does this score. With
    the structure tensor J of an image, summed over its channels (Di Zenzo 1986), each place
    has a vector (J_xx - J_yy, 2 J_xy) / (J_xx + J_yy + e) whose angle is twice that of the
    edge and whose length, from 0 to 1, says how decidedly there is one. The score is the
    cosine between the fields of the two images: the mean of cos(2 (angle - plain angle)),
    weighted by both lengths.

    Slopes are Gaussian derivatives and J is averaged by a Gaussian, both of sigma 1.5 pixels;
    e is a tenth of the image's mean J_xx + J_yy. A sixteenth of the image is cropped at each
    side before. A photographic negative, a channel swap, a shift or stretch of brightness
    and a bright frame leave it at 1 or near; saturation, posterisation, a line drawing
    and noise on top lower it about as much as they hinder the eye. Like all metrics here it
    compares place by place: it does not see that an image was mirrored or shuffled.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        float64 [N] in [-1, 1]; 0 where either image has no edges. Chance is about 0, and
        a little more for images that share a layout: compare with shuffled partners.

    Raises:
        UserError: If the arrays cannot be paired.
    """
    field, plain_field = _orientations(images), _orientations(plain)
    product = (field * plain_field).sum(axis=(0, 2, 3))
    lengths = np.sqrt((field**2).sum(axis=(0, 2, 3)) * (plain_field**2).sum(axis=(0, 2, 3)))
    cosine = np.divide(product, lengths, out=np.zeros_like(lengths), where=lengths > 1e-9)
    return cosine.clip(-1, 1)


def _orientations(images: Images) -> NDArray[np.float64]:
    """The field of doubled angles, [2, N, height, width]."""
    top, left = (round(side * _BORDER) for side in images.shape[1:3])
    height, width = images.shape[1:3]
    inside = images[:, top : height - top, left : width - left].astype(np.float64)
    down, right = _slopes(inside, along=1), _slopes(inside, along=2)
    strength = _averaged(right**2 + down**2)
    doubled = np.stack([_averaged(right**2 - down**2), _averaged(2 * right * down)])
    return doubled / (strength + _FLAT * strength.mean(axis=(1, 2), keepdims=True) + _ROUNDING)


def _slopes(values: NDArray[np.float64], *, along: int) -> NDArray[np.float64]:
    sigmas = (0, ORIENTATION_SIGMA, ORIENTATION_SIGMA, 0)
    return ndimage.gaussian_filter(values, sigmas, order=[int(axis == along) for axis in range(4)])


def _averaged(products: NDArray[np.float64]) -> NDArray[np.float64]:
    return ndimage.gaussian_filter(products.sum(axis=-1), (0, ORIENTATION_SIGMA, ORIENTATION_SIGMA))
