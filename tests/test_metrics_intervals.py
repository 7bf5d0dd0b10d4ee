"""Confidence intervals against published and worked ones."""

import numpy as np
import pytest

from tfppdnn import leakage as metrics
from tfppdnn.errors import UserError


def test_interval_of_a_known_sample():
    values = np.repeat([0, 1], [700, 300])
    interval = metrics.mean_with_interval(values, seed=1)
    deviation = np.sqrt(0.3 * 0.7 / 1000)
    assert (interval.mean, interval.count) == (0.3, 1000)
    assert interval.low == pytest.approx(0.3 - 1.96 * deviation, abs=0.004)
    assert interval.high == pytest.approx(0.3 + 1.96 * deviation, abs=0.004)
    same = {"mean": 5.0, "low": 5.0, "high": 5.0, "count": 2}
    assert metrics.mean_with_interval([5.0, 5.0]).to_dict() == same


def test_shares_have_exact_intervals():
    def interval(hits, count):
        found = metrics.mean_with_interval(np.arange(count) < hits)
        assert (found.mean, found.count) == (hits / count, count)
        return found.low, found.high

    # What would give none, or all, of n with a probability of 2.5%: 1 - 0.025^(1/n).
    assert interval(0, 32) == (0.0, pytest.approx(1 - 0.025 ** (1 / 32)))
    assert interval(32, 32) == (pytest.approx(0.025 ** (1 / 32)), 1.0)
    wide = metrics.mean_with_interval(np.arange(32) < 0, confidence=0.99)
    assert wide.high == pytest.approx(1 - 0.005 ** (1 / 32))
    # Of Clopper and Pearson's chart (Biometrika 26, 1934): 3 of 10.
    assert interval(3, 10) == (pytest.approx(0.067, abs=5e-4), pytest.approx(0.652, abs=5e-4))


@pytest.mark.parametrize("values", [[], [1.0, np.nan], [np.inf]])
def test_an_interval_needs_finite_values(values):
    with pytest.raises(UserError, match="finite"):
        metrics.mean_with_interval(values)
