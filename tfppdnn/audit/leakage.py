"""All leakage metrics of one set of images, each beside its floor and its ceiling."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfppdnn.audit.contours import contour_correlation
from tfppdnn.audit.intervals import Interval, mean_with_interval
from tfppdnn.audit.orientation import orientation_agreement
from tfppdnn.audit.pairs import Images, check_pair
from tfppdnn.audit.recognition import Recogniser, guessing, recognition
from tfppdnn.audit.reidentification import WAYS_TO_MATCH
from tfppdnn.audit.similarity import affine_ssim, psnr, ssim
from tfppdnn.errors import UserError

_BESIDE_THE_MEAN_IMAGE = {"ssim": ssim, "affine_ssim": affine_ssim, "psnr": psnr}
_BESIDE_OTHER_IMAGES = {
    "contour_correlation": contour_correlation,
    "orientation_agreement": orientation_agreement,
}


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
    bystanders: Images | None = None,
    recognise: Recogniser | None = None,
    labels: ArrayLike | None = None,
) -> dict[str, Interval]:
    """Measures what images give away about their plain images, beside chance and the most there is.

    Args:
        images: uint8 [N, H, W, 3], protected images or reconstructions, N at least 2.
        plain: uint8 [N, H, W, 3], their plain images in the same order.
        seed: Of the shuffled partners and the bootstrap.
        plain_train: uint8 [M, H, W, 3], other plain images whose mean is the floor; the
            mean of `plain` if not given, a slightly higher floor.
        bystanders: uint8 [K, H, W, 3], plain images that are behind none of these, in the
            crowd in which each image's own is looked for.
        recognise: A classifier trained on plain images, for reconstructions; without one
            `recognition` is left out. (Protected images are made to be recognised.)
        labels: [N] class indices of the plain images, for `recognise`.

    Returns:
        Mean and 95% interval of each metric, and under its name with a suffix what knowing
        nothing and hiding nothing score:

        - `ssim`, `affine_ssim`, `psnr`: `_floor`, the mean image.
        - `contour_correlation`, `orientation_agreement`: `_chance`, held against other
          images' plain images.
        - `reidentification`, `cosine_reidentification`: `_chance`, 1/(N + K).
        - `recognition`: `_chance`, always the class that is most frequent among these.
        - All: `_ceiling`, the plain images themselves.

    Raises:
        UserError: If the arrays cannot be paired, N is below 2, an image is below 7x7, or
            there is a classifier without labels that fit.
    """
    check_pair(images, plain)
    if recognise is not None and labels is None:
        raise UserError("recognition needs to know what is shown: give labels with the classifier")
    count = len(plain)
    others = plain[shuffled_partners(count, seed=seed)]
    blind = mean_image_baseline(plain if plain_train is None else plain_train, count)
    scores = {}
    for name, metric in _BESIDE_THE_MEAN_IMAGE.items():
        scores[name] = metric(images, plain)
        scores[f"{name}_floor"] = metric(blind, plain)
        scores[f"{name}_ceiling"] = metric(plain, plain)
    for name, metric in _BESIDE_OTHER_IMAGES.items():
        scores[name] = metric(images, plain)
        scores[f"{name}_chance"] = metric(images, others)
        scores[f"{name}_ceiling"] = metric(plain, plain)
    for name, match in WAYS_TO_MATCH.items():
        scores[name] = match(images, plain, bystanders)
        scores[f"{name}_ceiling"] = match(plain, plain, bystanders)
    if recognise is not None:
        scores["recognition"] = recognition(recognise, images, labels)
        scores["recognition_chance"] = guessing(labels)
        scores["recognition_ceiling"] = recognition(recognise, plain, labels)
    measured = {name: mean_with_interval(values, seed=seed) for name, values in scores.items()}
    crowd = count if bystanders is None else count + len(bystanders)
    chance = Interval(1 / crowd, 1 / crowd, 1 / crowd, count)
    measured |= dict.fromkeys((f"{name}_chance" for name in WAYS_TO_MATCH), chance)
    return measured
