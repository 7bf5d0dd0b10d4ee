"""Re-identification: whether an image still picks its plain image out of a crowd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tfppdnn.audit.pairs import VALUES_PER_BATCH, Images, check_pair

# Cosines that are equal on paper differ by less when computed.
_ROUNDING = 1e-9

_Vectors = NDArray[np.float64]


def reidentification(
    images: Images, plain: Images, bystanders: Images | None = None
) -> NDArray[np.bool_]:
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

    def nearness(x: _Vectors, y: _Vectors) -> _Vectors:
        # -|x - y|^2 without |x|^2, which all candidates of an image have in common.
        return 2 * x @ y.T - (y**2).sum(axis=1)

    return _finds_its_own(images, plain, bystanders, nearness)


def cosine_reidentification(
    images: Images, plain: Images, bystanders: Images | None = None
) -> NDArray[np.bool_]:
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
    check_pair(images, plain)
    of_images, of_plain = images.mean(axis=0).ravel(), plain.mean(axis=0).ravel()

    def cosines(x: _Vectors, y: _Vectors) -> _Vectors:
        return _directions(x - of_images) @ _directions(y - of_plain).T

    return _finds_its_own(images, plain, bystanders, cosines, rounding=_ROUNDING)


WAYS_TO_MATCH = {
    "reidentification": reidentification,
    "cosine_reidentification": cosine_reidentification,
}
"""Both, by the names of their figures; records of earlier versions have the first only."""


def _directions(deviations: _Vectors) -> _Vectors:
    lengths = np.linalg.norm(deviations, axis=1, keepdims=True)
    return np.divide(deviations, lengths, out=deviations, where=lengths > 0)


def _crowd(plain: Images, bystanders: Images | None) -> Images:
    return plain if bystanders is None else np.concatenate([plain, bystanders])


def _finds_its_own(
    images: Images,
    plain: Images,
    bystanders: Images | None,
    likeness: Callable[[_Vectors, _Vectors], _Vectors],
    *,
    rounding: float = 0.0,
) -> NDArray[np.bool_]:
    """Whether no other of the crowd is as like an image as its own, block by block."""
    check_pair(images, plain)
    crowd = _crowd(plain, bystanders)
    size = max(1, min(1024, VALUES_PER_BATCH // images[0].size))

    def vectors(some: Images) -> _Vectors:
        return some.reshape(len(some), -1).astype(np.float64)

    found = np.ones(len(images), dtype=bool)
    for start in range(0, len(images), size):
        rows = slice(start, start + size)
        block = vectors(images[rows])
        own = np.diagonal(likeness(block, vectors(plain[rows]))) - rounding
        for first in range(0, len(crowd), size):
            candidates = likeness(block, vectors(crowd[first : first + size]))
            if first == start:
                np.fill_diagonal(candidates, -np.inf)
            found[rows] &= (candidates < own[:, None]).all(axis=1)
    return found
