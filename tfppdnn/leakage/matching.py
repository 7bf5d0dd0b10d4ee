"""Re-identification: whether an image still picks its plain image out of a crowd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tfppdnn.leakage.pairs import VALUES_PER_BATCH, Images, check_pair

WAYS_TO_MATCH = ("reidentification", "cosine_reidentification")
"""Both, by the names of their figures; records of earlier versions have the first only."""

VALUES_PER_BLOCK = 2**22
"""How many image values are compared at a time with as many: large products are fast."""

# Cosines that are equal on paper differ by less when computed.
_ROUNDING = 1e-9
# Up to here float32 holds every whole number.
_WHOLE_IN_FLOAT32 = 2**24

_Matched = NDArray[np.bool_]


def reidentification(images: Images, plain: Images, bystanders: Images | None = None) -> _Matched:
    """Whether each image's nearest plain image (Euclidean) is its own.

    Distances of 8-bit images are whole numbers and computed exactly; a tie with another
    plain image is a miss, so one mean image for all never hits. Chance is 1/(N + K).

    A faint image is near to whichever plain image is faint: see `cosine_reidentification`.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].
        bystanders: uint8 [K, H, W, 3], plain images that are behind none of these, in the
            same crowd.

    Returns:
        bool [N].

    Raises:
        UserError: If the arrays cannot be paired.
    """
    return matches(images, plain, bystanders)["reidentification"]


def cosine_reidentification(
    images: Images, plain: Images, bystanders: Images | None = None
) -> _Matched:
    """Whether the plain image that deviates most alike from its kind is an image's own.

    Images deviate from the mean of the images, and all plain ones from that of the N plain
    images; deviations are compared by the cosine of the angle between them. So it does not
    count how much all images are faded, or shifted: a reconstruction that is blurred towards a
    mean, as those of networks are, is matched by what it does show. A tie is a miss, and so is
    an image that is the mean. Chance is 1/(N + K).

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].
        bystanders: uint8 [K, H, W, 3], plain images that are behind none of these, in the
            same crowd.

    Returns:
        bool [N].

    Raises:
        UserError: If the arrays cannot be paired.
    """
    return matches(images, plain, bystanders)["cosine_reidentification"]


def matches(images: Images, plain: Images, bystanders: Images | None = None) -> dict[str, _Matched]:
    """Both re-identifications at once: both come from the products of all images with all.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].
        bystanders: uint8 [K, H, W, 3].

    Returns:
        bool [N] for each of `WAYS_TO_MATCH`.

    Raises:
        UserError: If the arrays cannot be paired.
    """
    check_pair(images, plain)
    crowd = plain if bystanders is None else np.concatenate([plain, bystanders])
    x, y = _Deviations(images, len(images)), _Deviations(crowd, len(plain))
    # |x - y|^2 less what all candidates have in common, halved and with the other sign.
    nearness = y.dot(x.centre - y.centre) - y.squares / 2
    x_rest, y_rest, rests = x.dot(y.rest), y.dot(x.rest), float(x.rest @ y.rest)
    own = np.empty((len(WAYS_TO_MATCH), len(images)))
    others = np.full_like(own, -np.inf)
    size = max(1, min(1024, VALUES_PER_BLOCK // images[0].size))
    for start in range(0, len(images), size):
        rows = slice(start, start + size)
        block = x.block(rows)
        for first in range(0, len(crowd), size):
            columns = slice(first, first + size)
            products = _exact_products(block, y.block(columns), x.reach * y.reach)
            cosines = products - x_rest[rows, None]
            cosines += rests - y_rest[columns]
            cosines *= x.per_length[rows, None]
            cosines *= y.per_length[columns]
            products += nearness[columns]
            for way, likeness in enumerate((products, cosines)):
                if first == start:
                    own[way, rows] = likeness.diagonal()
                    np.fill_diagonal(likeness, -np.inf)
                np.maximum(others[way, rows], likeness.max(axis=1), out=others[way, rows])
    own[1] -= _ROUNDING
    return dict(zip(WAYS_TO_MATCH, others < own, strict=True))


class _Deviations:
    """Images less a whole-numbered centre, as vectors whose products are small whole numbers.

    Args:
        images: uint8 [N, H, W, 3].
        count: How many of them, from the first, have the mean that they deviate from.
    """

    def __init__(self, images: Images, count: int):
        self._images = images.reshape(len(images), -1)
        mean = self._images[:count].mean(axis=0)
        self.centre = np.rint(mean)
        self.rest = mean - self.centre
        """What the mean is beyond the centre."""
        span = np.maximum(self._images.max(axis=0) - self.centre, self.centre - self._images.min(0))
        self.reach = max(1, int(span.max()))
        """The largest number there can be."""
        self.squares = self._each(lambda block: np.einsum("np,np->n", block, block))
        lengths = self._each(lambda block: np.linalg.norm(block - self.rest, axis=1))
        self.per_length = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        """One over how far each is from the mean; 0 for the mean itself."""

    def block(self, rows: slice) -> NDArray[np.float32]:
        """Some of the vectors, float32 [n, P]: whole numbers."""
        return self._images[rows] - self.centre.astype(np.float32)

    def dot(self, vector: NDArray[np.float64]) -> NDArray[np.float64]:
        """The product of each with one vector, [N]."""
        return self._each(lambda block: block @ vector)

    def _each(self, measure: Callable[[NDArray[np.float64]], NDArray]) -> NDArray[np.float64]:
        size = max(1, VALUES_PER_BATCH // self._images.shape[1])
        return np.concatenate(
            [
                measure(self._images[start : start + size] - self.centre)
                for start in range(0, len(self._images), size)
            ]
        )


def _exact_products(x: NDArray[np.float32], y: NDArray[np.float32], reach: int) -> NDArray:
    """The products of all rows of x with all of y, float64 [n, m], without any rounding.

    Single precision is twice as fast as double, and exact while sums stay whole numbers that it
    holds: so many columns are multiplied at a time.

    Args:
        x: Whole numbers, [n, P].
        y: Whole numbers, [m, P].
        reach: The largest product of two of them.
    """
    width = _WHOLE_IN_FLOAT32 // reach
    total = np.zeros((len(x), len(y)))
    for start in range(0, x.shape[1], width):
        columns = slice(start, start + width)
        total += x[:, columns] @ y[:, columns].T
    return total
