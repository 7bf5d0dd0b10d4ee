"""Orientation agreement: whether edges run the same way at the same place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from tfppdnn.leakage.outlines import Outlines
from tfppdnn.leakage.pairs import Images, Scores

ORIENTATION_SIGMA = 1.5
"""Of the Gaussians for slopes and for averaging, in pixels: single noisy pixels drop out."""

# The share of each side that is cropped: networks leave bright frames there.
_BORDER = 1 / 16
# Slopes are compared with those around them, but those far below the image's own average, or
# below a thirtieth of a grey level a pixel, are noise or rounding.
_FLAT, _ROUNDING = 0.1, 1e-3


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
    return ORIENTATIONS.agreement(images, plain)


def _orientations(images: Images) -> NDArray[np.float64]:
    """The field of doubled angles, [2, N, height * width]."""
    top, left = (round(side * _BORDER) for side in images.shape[1:3])
    height, width = images.shape[1:3]
    inside = images[:, top : height - top, left : width - left]
    # Channels first: filters are fastest along lines that lie together.
    inside = np.moveaxis(inside, -1, 0).astype(np.float64, order="C")
    down, right = _slopes(inside, order=(1, 0)), _slopes(inside, order=(0, 1))
    down_squared, right_squared = (np.einsum("cnhw,cnhw->nhw", a, a) for a in (down, right))
    strength = _averaged(right_squared + down_squared)
    doubled = np.stack(
        [
            _averaged(right_squared - down_squared),
            _averaged(2 * np.einsum("cnhw,cnhw->nhw", right, down)),
        ]
    )
    doubled /= strength + _FLAT * strength.mean(axis=(1, 2), keepdims=True) + _ROUNDING
    return doubled.reshape(2, len(images), -1)


def _slopes(values: NDArray[np.float64], *, order: tuple[int, int]) -> NDArray[np.float64]:
    sigmas = (0, 0, ORIENTATION_SIGMA, ORIENTATION_SIGMA)
    return ndimage.gaussian_filter(values, sigmas, order=(0, 0, *order))


def _averaged(products: NDArray[np.float64]) -> NDArray[np.float64]:
    return ndimage.gaussian_filter(products, (0, ORIENTATION_SIGMA, ORIENTATION_SIGMA))


def _cosine(a: NDArray[np.float64], b: NDArray[np.float64]) -> Scores:
    product = np.einsum("knp,knp->n", a, b)
    lengths = np.sqrt(np.einsum("knp,knp->n", a, a) * np.einsum("knp,knp->n", b, b))
    cosine = np.divide(product, lengths, out=np.zeros_like(lengths), where=lengths > 1e-9)
    return cosine.clip(-1, 1)


ORIENTATIONS = Outlines(draw=_orientations, compare=_cosine)
