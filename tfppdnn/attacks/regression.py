"""Ridge regression in closed form: the best linear guess, from sums over batches of pairs.

A. E. Hoerl, R. W. Kennard, "Ridge regression: biased estimation for nonorthogonal problems",
Technometrics 12(1), 1970.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

Rows = Callable[[NDArray[np.intp]], NDArray[np.float64]]
"""From the indices of pairs, [n], to their numbers, float64 [n, anything]."""

# Shares of the features' mean square; the largest first, which who has nothing to choose by takes.
_PENALTIES = 10.0 ** np.arange(1, -7, -1)
# The penalty is chosen by so many of the values that are guessed: all cost a solution each.
_VALUES_TO_CHOOSE_BY = 256
_PAIRS_AT_A_TIME = 1024


class Ridge:
    """A linear guess of values from features, and a constant, that makes the squared error small.

    Attributes:
        weights: float64 [P + 1, Q]; the last row is the constant.
        penalty: Of the squares of the weights but the constant's, as a share of the features' mean
            square: the one of 10 to 1e-6 that guesses every tenth pair best when it has learnt
            from the others. It then learns from all.
    """

    def __init__(self, features: Rows, values: Rows, *, pairs: int):
        """Learns.

        Args:
            features: Gives float64 [n, P], P at least 1.
            values: Gives float64 [n, Q].
            pairs: How many there are, at least 1. No more than some of them are in memory at once.
        """
        held_back = np.arange(pairs) % 10 == 9
        learnt, tested = (
            _sums(features, values, np.flatnonzero(which)) for which in (~held_back, held_back)
        )
        some = slice(None, None, -(-learnt[1].shape[1] // _VALUES_TO_CHOOSE_BY))

        def error(penalty: float) -> float:
            """The squared error on the pairs held back, but for what all penalties share."""
            weights = _solved(learnt[0], learnt[1][:, some], penalty)
            return np.vdot(weights, tested[0] @ weights - 2 * tested[1][:, some])

        self.penalty = float(min(_PENALTIES, key=error))
        # In place: of many features the sums are the most that is in memory.
        for of_all, rest in zip(learnt, tested, strict=True):
            of_all += rest
        self.weights = _solved(*learnt, self.penalty)

    def __call__(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Guesses.

        Args:
            features: float64 [N, P].

        Returns:
            float64 [N, Q].
        """
        return features @ self.weights[:-1] + self.weights[-1]


def _sums(
    features: Rows, values: Rows, which: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The products of all features, the constant last, with one another and with all values."""
    squares = products = 0.0
    # An empty batch if there are no pairs, for the shapes.
    for start in range(0, max(1, len(which)), _PAIRS_AT_A_TIME):
        batch = which[start : start + _PAIRS_AT_A_TIME]
        x = features(batch)
        x = np.hstack([x, np.ones((len(x), 1))])
        squares += x.T @ x
        products += x.T @ values(batch)
    return squares, products


def _solved(
    squares: NDArray[np.float64], products: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    features = len(squares) - 1
    scale = np.trace(squares[:-1, :-1]) / max(1, features)
    penalized = squares.copy()
    penalized.flat[: -1 : len(squares) + 1] += penalty * scale
    return cho_solve(cho_factor(penalized, lower=True, overwrite_a=True), products)
