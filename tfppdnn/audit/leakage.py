"""All leakage metrics of one set of images, each beside what nothing at all would score."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfppdnn.audit.contours import contour_correlation
from tfppdnn.audit.intervals import Interval, mean_with_interval
from tfppdnn.audit.pairs import Images, check_pair
from tfppdnn.audit.reidentification import reidentification
from tfppdnn.audit.similarity import affine_ssim, psnr, ssim
from tfppdnn.errors import UserError


def mean_image_baseline(plain_train: Images, count: int) -> Images:
    """Gives the reconstruction of somebody who saw no ciphertext: the mean plain image, every time.

    Its scores are the floor below which a figure says nothing.

    Args:
        plain_train: uint8 [M, H, W, 3], plain images that the attacker may know.
        count: How many times to repeat the mean.

    Returns:
        uint8 [count, H, W, 3], a read-only view of one image.
    """
    mean = np.rint(plain_train.mean(axis=0)).astype(np.uint8)
    return np.broadcast_to(mean, (count, *mean.shape))


def shuffled_partners(count: int, *, seed: int) -> NDArray[np.intp]:
    """Gives everyone somebody else's plain image: the index of each one's wrong partner.

    Args:
        count: Number of images, at least 2.
        seed: Of the shuffle.

    Returns:
        int [count]: a permutation that leaves no index in its place (one random cycle).

    Raises:
        UserError: If there are fewer than 2 images to shuffle.
    """
    if count < 2:
        raise UserError("chance is measured against other images' plain images: give at least 2")
    order = np.random.default_rng(seed).permutation(count)
    partners = np.empty(count, dtype=np.intp)
    partners[order] = np.roll(order, 1)
    return partners


def leakage(
    images: Images,
    plain: Images,
    *,
    seed: int = 0,
    plain_train: Images | None = None,
) -> dict[str, Interval]:
    """Measures what images give away about their plain images (design section 5).

    Args:
        images: uint8 [N, H, W, 3], protected images or reconstructions, N at least 2.
        plain: uint8 [N, H, W, 3], their plain images in the same order.
        seed: Of the shuffled partners and the bootstrap.
        plain_train: uint8 [M, H, W, 3], other plain images whose mean is the floor; the
            mean of `plain` if not given, a slightly higher floor.

    Returns:
        Mean and 95% interval of `ssim`, `affine_ssim`, `psnr` (each beside a `_floor`:
        the mean image), `contour_correlation` and `reidentification` (each beside
        a `_chance`: other images' plain images, and 1/N).

    Raises:
        UserError: If the arrays cannot be paired, N is below 2 or an image is below 7x7.
    """
    check_pair(images, plain)
    count = len(plain)
    partners = shuffled_partners(count, seed=seed)
    blind = mean_image_baseline(plain if plain_train is None else plain_train, count)
    scores = {
        "ssim": ssim(images, plain),
        "ssim_floor": ssim(blind, plain),
        "affine_ssim": affine_ssim(images, plain),
        "affine_ssim_floor": affine_ssim(blind, plain),
        "psnr": psnr(images, plain),
        "psnr_floor": psnr(blind, plain),
        "contour_correlation": contour_correlation(images, plain),
        "contour_correlation_chance": contour_correlation(images, plain[partners]),
        "reidentification": reidentification(images, plain),
    }
    measured = {name: mean_with_interval(values, seed=seed) for name, values in scores.items()}
    chance = 1 / count
    measured["reidentification_chance"] = Interval(chance, chance, chance, count)
    return measured
