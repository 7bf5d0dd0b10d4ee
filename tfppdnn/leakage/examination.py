"""What images show of their plain ones: every measure of them, each taken once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tfppdnn.leakage.baseline import LIKENESS, OUTLINES, Baseline, shuffled_partners
from tfppdnn.leakage.figure import Figure, Figures
from tfppdnn.leakage.intervals import mean_with_interval
from tfppdnn.leakage.matching import matches
from tfppdnn.leakage.measures import MEASURES
from tfppdnn.leakage.pairs import Images, Scores, check_pair
from tfppdnn.leakage.recogniser import Recogniser, recognition


class Examination:
    """Images beside their plain ones: a measure is taken when it is first asked for, and kept.

    Args:
        images: uint8 [N, H, W, 3], protected images or reconstructions.
        baseline: Of their plain images, in the same order.

    Raises:
        UserError: If the arrays cannot be paired.
    """

    def __init__(self, images: Images, baseline: Baseline):
        check_pair(images, baseline.plain)
        self.images, self.baseline = images, baseline

    @cached_property
    def likeness(self) -> dict[str, Scores]:
        """By each measure of `LIKENESS`, float64 [N]."""
        return {
            name: measure(self.images, self.baseline.plain) for name, measure in LIKENESS.items()
        }

    @cached_property
    def likeness_to_others(self) -> dict[str, Scores]:
        """The same with other images' plain images, float64 [N]."""
        plain = self.baseline.plain
        others = plain[shuffled_partners(len(plain), seed=self.baseline.seed)]
        return {name: measure(self.images, others) for name, measure in LIKENESS.items()}

    @cached_property
    def outlines(self) -> dict[str, tuple[Scores, Scores]]:
        """By each measure of `OUTLINES`: with the own plain images and others', float64 [N]."""
        plain, cycle = self.baseline.plain, self.baseline.cycle
        return {
            name: measure.own_and_others(self.images, plain, cycle)
            for name, measure in OUTLINES.items()
        }

    @cached_property
    def matches(self) -> dict[str, NDArray[np.bool_]]:
        """Whether each is matched to its plain image, bool [N], by each of `WAYS_TO_MATCH`."""
        return matches(self.images, self.baseline.plain, self.baseline.bystanders)

    @cached_property
    def recognised(self) -> NDArray[np.bool_] | None:
        """Whether each is named rightly, bool [N]; None if there is nobody to ask."""
        if self.baseline.recognise is None:
            return None
        return recognition(self.baseline.recognise, self.images, self.baseline.labels)

    @cached_property
    def figures(self) -> Figures:
        """All of it averaged, each beside what knowing nothing and hiding nothing score."""
        scores, others = dict(self.likeness), {}
        for name in OUTLINES:
            scores[name], others[f"{name}_chance"] = self.outlines[name]
        scores |= self.matches
        if self.recognised is not None:
            scores["recognition"] = self.recognised
        seed = self.baseline.seed
        found = {
            name: mean_with_interval(values, seed=seed)
            for name, values in (scores | others).items()
        } | self.baseline.bounds
        return {
            name: Figure(
                MEASURES[name],
                found[name],
                found[name + MEASURES[name].blind_suffix],
                found[f"{name}_ceiling"],
            )
            for name in scores
        }


def leakage(
    images: Images,
    plain: Images,
    *,
    seed: int = 0,
    plain_train: Images | None = None,
    bystanders: Images | None = None,
    recognise: Recogniser | None = None,
    labels: ArrayLike | None = None,
) -> Figures:
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
        By the keys of `MEASURES`, mean and 95% interval of each, and what knowing nothing and
        hiding nothing score:

        - `ssim`, `affine_ssim`, `psnr`: the floor is the mean image's.
        - `contour_correlation`, `orientation_agreement`: chance is held against other images'
          plain images.
        - `reidentification`, `cosine_reidentification`: chance is 1/(N + K).
        - `recognition`: chance is always the class that is most frequent among these.
        - All: the ceiling is that of the plain images themselves.

    Raises:
        UserError: If the arrays cannot be paired, N is below 2, an image is below 7x7, or
            there is a classifier without labels that fit.
    """
    check_pair(images, plain)
    baseline = Baseline(
        plain,
        plain_train=plain_train,
        bystanders=bystanders,
        recognise=recognise,
        labels=labels,
        seed=seed,
    )
    return Examination(images, baseline).figures
