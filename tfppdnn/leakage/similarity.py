"""How like its plain image an image is: SSIM, PSNR, and SSIM after an affine fit."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from numpy.typing import NDArray

from tfppdnn.errors import UserError
from tfppdnn.leakage.pairs import Images, Scores, check_pair, over_batches

SSIM_WINDOW = 7
"""Side of SSIM's square window in pixels: scikit-image's default."""

PSNR_CEILING = 100.0
"""Decibels given to equal images, whose PSNR would be infinite and could not be averaged."""

# SSIM's constants (0.01 * 255)^2 and (0.03 * 255)^2, times what whole numbers take there in place
# of means and sample covariances.
_PIXELS = SSIM_WINDOW**2
_OF_MEANS = 2.55**2 * _PIXELS**2
_OF_VARIANCES = 7.65**2 * _PIXELS * (_PIXELS - 1)

_CHANNEL_ORDERS = np.array(list(permutations(range(3))))


def ssim(images: Images, plain: Images) -> Scores:
    """Structural similarity (Wang et al. 2004) as scikit-image computes it by default.

    A 7 x 7 uniform window and sample covariances, averaged over the windows that lie
    inside the image and over channels.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        float64 [N] in [-1, 1]; 1 for equal images.

    Raises:
        UserError: If the arrays cannot be paired, or H or W is below the window of 7.
    """
    check_pair(images, plain)
    height, width = images.shape[1:3]
    if min(height, width) < SSIM_WINDOW:
        raise UserError(
            f"SSIM looks through a window of {SSIM_WINDOW}x{SSIM_WINDOW} pixels and the images "
            f"are {height}x{width}: measure larger images"
        )
    return _ssim(images, plain)


@over_batches
def _ssim(images: Images, plain: Images) -> Scores:
    """SSIM in whole numbers up to the last fraction: exact, and small enough for 32 bits."""
    rows = (*images.shape[:2], -1)  # Channels stay interleaved: a pixel to the right is 3 on.
    x, y = images.reshape(rows), plain.reshape(rows)
    # Sums of 49 values fit 16 bits, of their products 32, times 49 too.
    sum_x, sum_y = (_window_sums(a.astype(np.int16)).astype(np.int32) for a in (x, y))
    x, y = x.astype(np.int32), y.astype(np.int32)
    product = sum_x * sum_y
    squares = sum_x * sum_x + sum_y * sum_y
    covariance = _PIXELS * _window_sums(x * y) - product
    variances = _PIXELS * _window_sums(x * x + y * y) - squares
    similarity = (2 * product + _OF_MEANS) * (2 * covariance + _OF_VARIANCES)
    similarity /= (squares + _OF_MEANS) * (variances + _OF_VARIANCES)
    return similarity.mean(axis=(1, 2))


def _window_sums(values: NDArray[np.integer]) -> NDArray[np.integer]:
    """Sums over each 7 x 7 window of [n, height, 3 width], channels apart."""
    down = _sums_of_seven(values, (slice(None),), 1)
    return _sums_of_seven(down, (slice(None), slice(None)), 3)


def _sums_of_seven(values: NDArray, axes_before: tuple[slice, ...], step: int) -> NDArray:
    last = values.shape[len(axes_before)] - 6 * step

    def following(some: NDArray, by: int) -> NDArray:
        return some[(*axes_before, slice(by * step, by * step + last))]

    twos = values[(*axes_before, slice(None, -step))] + values[(*axes_before, slice(step, None))]
    total = following(twos, 0) + following(twos, 2)
    total += following(twos, 4)
    total += following(values, 6)
    return total


@over_batches
def psnr(images: Images, plain: Images) -> Scores:
    """Peak signal-to-noise ratio in decibels, for a peak of 255.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        float64 [N], at most `PSNR_CEILING`, which equal images get.

    Raises:
        UserError: If the arrays cannot be paired.
    """
    difference = images.astype(np.float64) - plain
    mean_squared_error = (difference**2).mean(axis=(1, 2, 3))
    with np.errstate(divide="ignore"):
        decibels = 10 * np.log10(255**2 / mean_squared_error)
    return np.minimum(decibels, PSNR_CEILING)


@over_batches
def affine_fit(images: Images, plain: Images) -> Images:
    """Undoes what hides nothing: a channel swap, and a brightness and contrast per channel.

    For each image, each plain channel c is approximated by `a * image[channel] + b` with
    a and b by least squares, negative a included. Which image channel stands for which
    plain channel is one permutation per image, the one of the six with the smallest
    squared error. So a photographic negative, a channel swap and a brightness shift are
    all undone, and an image that says nothing about the plain one becomes flat: a constant
    channel gives the plain channel's mean.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        uint8 [N, H, W, 3]: the fitted images, clipped to [0, 255] and rounded.

    Raises:
        UserError: If the arrays cannot be paired.
    """
    count, height, width = images.shape[:3]
    # [N, channel, pixel]: sums along an axis of three are slow.
    x, y = (
        a.reshape(count, -1, 3).transpose(0, 2, 1).astype(np.float64, order="C")
        for a in (images, plain)
    )
    pixels = height * width
    sum_x, sum_y = x.sum(axis=-1), y.sum(axis=-1)
    # Times the square of the number of pixels: whole numbers, so that ties are ties.
    variance = pixels * np.einsum("ncp,ncp->nc", x, x) - sum_x**2
    # [N, plain channel, image channel]
    covariance = pixels * (y @ x.transpose(0, 2, 1)) - sum_y[:, :, None] * sum_x[:, None, :]
    variance = variance[:, None, :]
    slopes = np.divide(covariance, variance, out=np.zeros_like(covariance), where=variance > 0)
    explained = slopes * covariance
    explained_by_order = explained[:, np.arange(3), _CHANNEL_ORDERS].sum(axis=-1)
    order = _CHANNEL_ORDERS[explained_by_order.argmax(axis=1)]
    # Of each plain channel, only the slope on the image channel that stands for it.
    chosen = np.where(order[:, :, None] == np.arange(3), slopes, 0)
    x -= sum_x[:, :, None] / pixels
    fitted = chosen @ x + sum_y[:, :, None] / pixels
    np.rint(fitted.clip(0, 255, out=fitted), out=fitted)
    return fitted.transpose(0, 2, 1).astype(np.uint8, order="C").reshape(images.shape)


def affine_ssim(images: Images, plain: Images) -> Scores:
    """SSIM after the best channel order and per-channel affine fit, see `affine_fit`.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        float64 [N] in [-1, 1].

    Raises:
        UserError: As `ssim`.
    """
    return ssim(affine_fit(images, plain), plain)
