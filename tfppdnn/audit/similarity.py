"""How like its plain image an image is: SSIM, PSNR, and SSIM after an affine fit."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from skimage.metrics import structural_similarity

from tfppdnn.audit.pairs import Images, Scores, check_pair, over_batches
from tfppdnn.errors import UserError

SSIM_WINDOW = 7
"""Side of SSIM's square window in pixels: scikit-image's default."""

PSNR_CEILING = 100.0
"""Decibels given to equal images, whose PSNR would be infinite and could not be averaged."""

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
    return np.array(
        [
            structural_similarity(
                image, plain_image, win_size=SSIM_WINDOW, data_range=255, channel_axis=-1
            )
            for image, plain_image in zip(images, plain, strict=True)
        ]
    )


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
    count = len(images)
    x = images.reshape(count, -1, 3).astype(np.float64)
    y = plain.reshape(count, -1, 3).astype(np.float64)
    mean_x, mean_y = x.mean(axis=1, keepdims=True), y.mean(axis=1, keepdims=True)
    x -= mean_x
    variance = (x**2).sum(axis=1)[:, None, :]
    covariance = (y - mean_y).transpose(0, 2, 1) @ x  # [N, plain channel, image channel]
    slopes = np.divide(covariance, variance, out=np.zeros_like(covariance), where=variance > 0)
    explained = slopes * covariance
    explained_by_order = explained[:, np.arange(3), _CHANNEL_ORDERS].sum(axis=-1)
    order = _CHANNEL_ORDERS[explained_by_order.argmax(axis=1)]
    slope = np.take_along_axis(slopes, order[:, :, None], axis=2)[:, :, 0]
    fitted = np.take_along_axis(x, order[:, None, :], axis=2) * slope[:, None, :] + mean_y
    return np.rint(fitted.clip(0, 255)).astype(np.uint8).reshape(images.shape)


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
