"""A mean, and how far to trust it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import beta

from tfppdnn.errors import UserError


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
    tail = (1 - confidence) / 2
    if is_share:
        return _exact(int(values.sum()), count, tail)
    random = np.random.default_rng(seed)
    # One resample at a time: all at once would hold resamples x N values in memory.
    means = [values[random.integers(count, size=count)].mean() for _ in range(resamples)]
    low, high = np.quantile(means, [tail, 1 - tail])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high), count=count)


def _exact(hits: int, count: int, tail: float) -> Interval:
    low = beta.ppf(tail, hits, count - hits + 1) if hits else 0.0
    high = beta.ppf(1 - tail, hits + 1, count - hits) if hits < count else 1.0
    return Interval(mean=hits / count, low=float(low), high=float(high), count=count)
