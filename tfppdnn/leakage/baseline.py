"""What the plain images alone decide: what knowing nothing scores, and hiding nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfppdnn.datasets.blocks import mean_image
from tfppdnn.errors import UserError
from tfppdnn.leakage.contours import CONTOURS
from tfppdnn.leakage.intervals import Interval, mean_with_interval
from tfppdnn.leakage.matching import WAYS_TO_MATCH, matches
from tfppdnn.leakage.orientation import ORIENTATIONS
from tfppdnn.leakage.outlines import Outlines
from tfppdnn.leakage.pairs import Images, Scores
from tfppdnn.leakage.recogniser import Recogniser, guessing, recognition
from tfppdnn.leakage.similarity import affine_ssim, psnr, ssim
from tfppdnn.leakage.variation import variance_across_images

LIKENESS: Mapping[str, Callable[[Images, Images], Scores]] = {
    "ssim": ssim,
    "affine_ssim": affine_ssim,
    "psnr": psnr,
}
"""Measures whose floor is the mean image."""

OUTLINES: Mapping[str, Outlines] = {
    "contour_correlation": CONTOURS,
    "orientation_agreement": ORIENTATIONS,
}
"""Measures whose chance is other images' plain images."""


class Baseline:
    """Plain images, and every figure that depends on nothing else: each is computed once.

    Whatever is measured against the same plain images, protected images and the reconstructions of
    all attempts of all attacks, is measured beside the same baseline.

    Args:
        plain: uint8 [N, H, W, 3], N at least 2.
        plain_train: uint8 [M, H, W, 3], other plain images whose mean is the floor; `plain` if
            not given.
        bystanders: uint8 [K, H, W, 3], plain images that are behind nothing that is measured,
            in the crowd in which each image's own is looked for.
        recognise: A classifier trained on plain images.
        labels: [N] class indices of the plain images, for `recognise`.
        seed: Of the shuffled partners and the bootstrap.

    Raises:
        UserError: If N is below 2, or there is a classifier without labels.
    """

    def __init__(
        self,
        plain: Images,
        *,
        plain_train: Images | None = None,
        bystanders: Images | None = None,
        recognise: Recogniser | None = None,
        labels: ArrayLike | None = None,
        seed: int = 0,
    ):
        if recognise is not None and labels is None:
            raise UserError(
                "recognition needs to know what is shown: give labels with the classifier"
            )
        self.plain, self.bystanders, self.seed = plain, bystanders, seed
        self.recognise, self.labels = recognise, labels
        self.cycle = shuffled_cycle(len(plain), seed=seed)
        """Everybody's wrong partner is the one before, see `shuffled_cycle`."""
        self._plain_train = plain if plain_train is None else plain_train

    @cached_property
    def variance(self) -> float:
        """How much the plain images differ, see `variance_across_images`."""
        return variance_across_images(self.plain)

    @cached_property
    def floors(self) -> dict[str, Scores]:
        """What the mean image scores by each measure of `LIKENESS`, float64 [N]."""
        blind = mean_image_baseline(self._plain_train, len(self.plain))
        return {name: measure(blind, self.plain) for name, measure in LIKENESS.items()}

    @property
    def chance_of_a_match(self) -> float:
        """One over the size of the crowd."""
        return 1 / (len(self.plain) + (0 if self.bystanders is None else len(self.bystanders)))

    @cached_property
    def bounds(self) -> dict[str, Interval]:
        """All floors and ceilings, and the chances that nothing else decides, see `leakage`."""
        plain = self.plain
        scores = {f"{name}_floor": values for name, values in self.floors.items()}
        for name, measure in LIKENESS.items():
            scores[f"{name}_ceiling"] = measure(plain, plain)
        for name, outlines in OUTLINES.items():
            scores[f"{name}_ceiling"] = outlines.agreement(plain, plain)
        for name, matched in matches(plain, plain, self.bystanders).items():
            scores[f"{name}_ceiling"] = matched
        if self.recognise is not None:
            scores["recognition_chance"] = guessing(self.labels)
            scores["recognition_ceiling"] = recognition(self.recognise, plain, self.labels)
        figures = {
            name: mean_with_interval(values, seed=self.seed) for name, values in scores.items()
        }
        chance = Interval(*[self.chance_of_a_match] * 3, count=len(plain))
        return figures | dict.fromkeys((f"{name}_chance" for name in WAYS_TO_MATCH), chance)


def mean_image_baseline(plain_train: Images, count: int) -> Images:
    """Gives the reconstruction of somebody who saw no ciphertext: the mean plain image, every time.

    Its scores are the floor below which a figure says nothing.

    Args:
        plain_train: uint8 [M, H, W, 3], plain images that the attacker may know.
        count: How many times to repeat the mean.

    Returns:
        uint8 [count, H, W, 3], a read-only view of one image.
    """
    mean = np.rint(mean_image(plain_train)).astype(np.uint8)
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
    order = shuffled_cycle(count, seed=seed)
    partners = np.empty(count, dtype=np.intp)
    partners[order] = np.roll(order, 1)
    return partners


def shuffled_cycle(count: int, *, seed: int) -> NDArray[np.intp]:
    """The order behind `shuffled_partners`: each one's partner is the one before it.

    Args:
        count: Number of images, at least 2.
        seed: Of the shuffle.

    Returns:
        int [count], all indices.

    Raises:
        UserError: If there are fewer than 2 images to shuffle.
    """
    if count < 2:
        raise UserError("chance is measured against other images' plain images: give at least 2")
    return np.random.default_rng(seed).permutation(count)
