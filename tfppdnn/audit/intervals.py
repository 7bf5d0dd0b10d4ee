"""A mean, and how far to trust it."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import ArrayLike

from tfppdnn.errors import UserError


@dataclass(frozen=True)
class Interval:
    """A mean with its 95% interval.

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


def mean_with_interval(values: ArrayLike, *, seed: int = 0, resamples: int = 1000) -> Interval:
    """Averages values and bounds the mean by a percentile bootstrap (Efron 1979).

    Args:
        values: [N] numbers or bools, one per image.
        seed: Of the resampling.
        resamples: How many bootstrap means the interval is read from.

    Returns:
        The mean and the 2.5th and 97.5th percentiles of the resampled means.

    Raises:
        UserError: If there are no values or some are not finite.
    """
    values = np.asarray(values, dtype=np.float64).ravel()
    count = len(values)
    if count == 0 or not np.isfinite(values).all():
        raise UserError("cannot average these scores: give at least one, all of them finite")
    random = np.random.default_rng(seed)
    # One resample at a time: all at once would hold resamples x N values in memory.
    means = [values[random.integers(count, size=count)].mean() for _ in range(resamples)]
    low, high = np.percentile(means, [2.5, 97.5])
    return Interval(mean=float(values.mean()), low=float(low), high=float(high), count=count)
