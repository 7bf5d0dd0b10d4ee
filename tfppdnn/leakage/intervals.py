"""A mean, and how far to trust it."""

from __future__ import annotations

import functools
import math
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import binomtest

from tfppdnn.errors import UserError

_DRAWS_AT_A_TIME = 2**18


@dataclass(frozen=True)
class Interval:
    """A mean with its interval, of 95% unless it is said otherwise.

    Attributes:
        mean: Mean of the values.
        low: Lower end of the interval.
        high: Upper end of the interval.
        count: How many values were averaged.
    """

    mean: float
    low: float
    high: float
    count: int

    def to_dict(self) -> dict[str, float | int]:
        """Gives the four figures by name, ready for JSON."""
        return asdict(self)


def mean_with_interval(
    values: ArrayLike, *, confidence: float = 0.95, seed: int = 0, resamples: int = 1000
) -> Interval:
    """Averages values, and bounds their mean.

    Numbers are bounded by a percentile bootstrap (Efron 1979), shares by the exact interval of
    Clopper and Pearson (1934): no bootstrap tells that none of 32 may well be one in ten.

    Args:
        values: [N] numbers or bools, one per image.
        confidence: Of the interval, the same on both sides.
        seed: Of the resampling.
        resamples: How many bootstrap means the interval is read from.

    Returns:
        The mean and its interval.

    Raises:
        UserError: If there are no values or some are not finite.
    """
    is_share = np.asarray(values).dtype == bool
    values = np.asarray(values, dtype=np.float64).ravel()
    count = len(values)
    if count == 0 or not np.isfinite(values).all():
        raise UserError("cannot average these scores: give at least one, all of them finite")
    if is_share:
        return exact_interval(int(values.sum()), count, confidence=confidence)
    tail = (1 - confidence) / 2
    # scipy.stats.bootstrap takes thirty times as long: it draws anew for every measure.
    means = np.concatenate([draws @ values for draws in _draws(count, seed, resamples)]) / count
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high), count=count)


@functools.lru_cache(maxsize=1)
def _draws(count: int, seed: int, resamples: int) -> list[NDArray[np.uint16]]:
    """How often each of the values is in each resample, [resamples, N] in parts.

    All measures of the same images are resampled alike, so it is kept for the next one.
    """
    random = np.random.default_rng(seed)
    draws = np.stack(
        [
            np.bincount(random.integers(count, size=count), minlength=count).astype(np.uint16)
            for _ in range(resamples)
        ]
    )
    # They become float64 to be multiplied: not all at once.
    return np.array_split(draws, math.ceil(draws.size / _DRAWS_AT_A_TIME))


def exact_interval(hits: int, count: int, *, confidence: float = 0.95) -> Interval:
    """Bounds a share by the exact interval of Clopper and Pearson (1934)."""
    return _share(hits, count, "exact", confidence)


def wilson_interval(hits: int, count: int, *, confidence: float = 0.95) -> Interval:
    """Bounds a share by the interval of Wilson (1927), for shares that are not tiny."""
    return _share(hits, count, "wilson", confidence)


def _share(hits: int, count: int, method: str, confidence: float) -> Interval:
    found = binomtest(hits, count).proportion_ci(confidence, method)
    return Interval(hits / count, float(found.low), float(found.high), count)
