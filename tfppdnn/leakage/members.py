"""Whether it can be told which pictures a protector was trained on."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tfppdnn import writing
from tfppdnn.errors import UserError
from tfppdnn.leakage.figure import Figure, Figures, exactly
from tfppdnn.leakage.intervals import Interval, wilson_interval
from tfppdnn.leakage.measures import Measure

_NORMAL_95 = 1.959964

MEMBERSHIP = {
    measure.key: measure
    for measure in (
        Measure(
            "membership",
            "In its training",
            "How often it is told rightly whether the protector was trained on a picture.",
            "guessing",
            blind_suffix="_chance",
            judged=False,
            write=writing.percent,
        ),
        Measure(
            "membership_area",
            "In its training, by rank",
            "Area under the ROC curve: how often a picture that it was trained on is thought more "
            "likely to be one than a picture that is none.",
            "guessing",
            blind_suffix="_chance",
            judged=False,
        ),
    )
}
"""Measures of suspicions, not of images, by key."""


def membership(scores: ArrayLike, was_in: ArrayLike) -> Figures:
    """Measures suspicions, as many of pictures that were in as of others.

    Args:
        scores: [N] in [0, 1]; above 0.5 it is said that a picture was in.
        was_in: [N] bools.

    Returns:
        By the keys of `MEMBERSHIP`: the share that is right, with the interval of Wilson, and the
        area under the ROC curve, with that of DeLong, DeLong and Clarke-Pearson (1988).

    Raises:
        UserError: The arrays differ in length, or all were in, or none.
    """
    scores, was_in = np.asarray(scores, float).ravel(), np.asarray(was_in, bool).ravel()
    if len(scores) != len(was_in) or was_in.all() or not was_in.any():
        raise UserError("suspicions need pictures that were in and pictures that were not")
    right = wilson_interval(int(((scores > 0.5) == was_in).sum()), len(scores))
    found = {"membership": right, "membership_area": _area(scores[was_in], scores[~was_in])}
    return {
        key: Figure(MEMBERSHIP[key], interval, exactly(0.5, len(scores)), exactly(1.0, len(scores)))
        for key, interval in found.items()
    }


def tells_members(figures: Figures) -> bool:
    """Whether it is told more often than by guessing: the interval lies above one half."""
    return figures["membership"].low > figures["membership"].blind.mean


def in_words(figures: Figures) -> str:
    """How well it is told, for a sentence."""
    right = figures["membership"]
    return (
        f"{right.value:.1%} of {right.count:,} right ({right.low:.1%} to {right.high:.1%}, by "
        f"guessing {right.blind.mean:.1%}), area under the ROC curve "
        f"{figures['membership_area'].value:.3f}"
    )


def _area(inside: np.ndarray, outside: np.ndarray) -> Interval:
    """How often a score of the first is the larger one, ties counting half."""
    count = len(inside) + len(outside)
    below_each, above_each = _share_below(outside, inside), 1 - _share_below(inside, outside)
    area = float(below_each.mean())
    if min(len(inside), len(outside)) < 2:
        return Interval(area, 0.0, 1.0, count)
    variance = below_each.var(ddof=1) / len(inside) + above_each.var(ddof=1) / len(outside)
    half = _NORMAL_95 * float(np.sqrt(variance))
    return Interval(area, max(area - half, 0.0), min(area + half, 1.0), count)


def _share_below(scores: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Of each threshold, the share of scores below it, equal ones counting half."""
    ranked = np.sort(scores)
    return (np.searchsorted(ranked, thresholds) + np.searchsorted(ranked, thresholds, "right")) / (
        2 * len(ranked)
    )
