"""Outlines: drawn once, and held against the own plain image's and another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.leakage.pairs import Images, Scores, check_pair

# Filters take many lines at a time, but arrays should stay in the fast memory.
_VALUES_PER_BATCH = 2**15


@dataclass(frozen=True)
class Outlines:
    """A measure that draws something from each image, and compares what it drew from two.

    Attributes:
        draw: From uint8 [N, H, W, 3] to float64 [K, N, P]: K drawings of each.
        compare: From two of these to float64 [N].
    """

    draw: Callable[[Images], NDArray[np.float64]]
    compare: Callable[[NDArray[np.float64], NDArray[np.float64]], Scores]

    def agreement(self, images: Images, plain: Images) -> Scores:
        """Compares each image with its own plain one.

        Args:
            images: uint8 [N, H, W, 3].
            plain: uint8 [N, H, W, 3].

        Returns:
            float64 [N].

        Raises:
            UserError: If the arrays cannot be paired.
        """
        check_pair(images, plain)
        size, scores = _batch_size(images), []
        for start in range(0, len(images), size):
            batch = slice(start, start + size)
            drawn = self.draw(images[batch])
            behind = drawn if images is plain else self.draw(plain[batch])
            scores.append(self.compare(drawn, behind))
        return np.concatenate(scores)

    def own_and_others(
        self, images: Images, plain: Images, cycle: NDArray[np.intp]
    ) -> tuple[Scores, Scores]:
        """Compares each image with its own plain one, and with another's.

        Along the cycle each one's own plain image is the next one's other: none is drawn twice
        but the last, with which it begins.

        Args:
            images: uint8 [N, H, W, 3].
            plain: uint8 [N, H, W, 3].
            cycle: int [N], all indices; each one's other is the one before it.

        Returns:
            float64 [N], twice: with the own ones, and with the others.

        Raises:
            UserError: If the arrays cannot be paired.
        """
        check_pair(images, plain)
        own, others = np.empty(len(images)), np.empty(len(images))
        size = _batch_size(images)
        last = self.draw(plain[cycle[-1:]])
        for start in range(0, len(images), size):
            here = cycle[start : start + size]
            drawn = self.draw(images[here])
            behind = self.draw(plain[here])
            own[here] = self.compare(drawn, behind)
            before = np.concatenate([last, behind[:, :-1]], axis=1)
            others[here] = self.compare(drawn, before)
            last = behind[:, -1:]
        return own, others


def _batch_size(images: Images) -> int:
    return max(1, _VALUES_PER_BATCH // images[0].size)
