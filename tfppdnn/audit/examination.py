"""What images show of their plain ones: every measure of them, each taken once."""

from __future__ import annotations

import functools
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tfppdnn.audit.baseline import LIKENESS, OUTLINES, Baseline, shuffled_partners
from tfppdnn.audit.pairs import Images, Scores, check_pair
from tfppdnn.audit.recognition import Recogniser, recognition
from tfppdnn.audit.reidentification import matches

if TYPE_CHECKING:
    from tfppdnn.audit.material import Material


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
    def contours(self) -> tuple[Scores, Scores]:
        """Their correlation with the own plain images and with others', float64 [N] twice."""
        return self._outlines("contour_correlation")

    @cached_property
    def orientation(self) -> tuple[Scores, Scores]:
        """The agreement with the own plain images and with others', float64 [N] twice."""
        return self._outlines("orientation_agreement")

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

    def _outlines(self, name: str) -> tuple[Scores, Scores]:
        return OUTLINES[name].own_and_others(self.images, self.baseline.plain, self.baseline.cycle)


class Examiner:
    """Examines the images of an audit, all beside one baseline.

    Args:
        material: The plain images.
        recogniser: A classifier of plain images, asked what images show.
        seed: Of chance and of the bootstrap.
    """

    def __init__(self, material: Material, recogniser: Recogniser, *, seed: int = 0):
        self._material, self._recogniser, self._seed = material, recogniser, seed
        # An attack that is tried on fewer images has a baseline of its own.
        self._baseline = functools.cache(self._make_baseline)

    def examine(self, images: Images, *, targets: int | None = None) -> Examination:
        """Examines images whose plain ones are the first held-out ones.

        Args:
            images: uint8 [N, H, W, 3].
            targets: How many of the held-out images are behind them; None for all. The others
                are in the crowd in which each image's own is looked for.

        Raises:
            UserError: If there are not so many images, or they are of another size.
        """
        return Examination(images, self._baseline(len(self._material.held_out[:targets])))

    def _make_baseline(self, count: int) -> Baseline:
        return Baseline(
            self._material.held_out[:count],
            plain_train=self._material.attackers,
            bystanders=self._material.held_out[count:],
            recognise=self._recogniser,
            labels=self._material.labels[:count],
            seed=self._seed,
        )
