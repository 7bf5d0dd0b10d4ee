"""What images show of their plain ones: every measure of them, each taken once."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tfppdnn.leakage.baseline import LIKENESS, OUTLINES, Baseline, shuffled_partners
from tfppdnn.leakage.figure import Figure, Figures
from tfppdnn.leakage.intervals import mean_with_interval
from tfppdnn.leakage.matching import matches
from tfppdnn.leakage.measures import MEASURES
from tfppdnn.leakage.pairs import Images, Scores, check_pair
from tfppdnn.leakage.recogniser import recognition


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
        } | self.baseline.figures
        return {
            name: Figure(
                MEASURES[name],
                found[name],
                found[name + MEASURES[name].blind_suffix],
                found[f"{name}_ceiling"],
            )
            for name in scores
        }
