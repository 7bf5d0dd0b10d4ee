"""Re-identification: whether an image still picks its plain image out of a crowd."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tfppdnn.audit.pairs import VALUES_PER_BATCH, Images, check_pair

# Cosines that are equal on paper differ by less when computed.
_ROUNDING = 1e-9

_Vectors = NDArray[np.float64]


def reidentification(images: Images, plain: Images) -> NDArray[np.bool_]:
    """Whether each image's nearest plain image (Euclidean) among the N is its own.

    Distances of 8-bit images are whole numbers and computed exactly; a tie with another
    plain image is a miss, so one mean image for all never hits. Chance is 1/N.

    A faint image is near to whichever plain image is faint: see `cosine_reidentification`.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        bool [N].

    Raises:
        UserError: If the arrays cannot be paired.
    """

    def prepared(some: Images) -> _Vectors:
        return some.reshape(len(some), -1).astype(np.float64)

    def nearness(x: _Vectors, y: _Vectors) -> _Vectors:
        # -|x - y|^2 without |x|^2, which all candidates of an image have in common.
        return 2 * x @ y.T - (y**2).sum(axis=1)

    return _finds_its_own(images, plain, prepared, nearness, rounding=0.0)


def cosine_reidentification(images: Images, plain: Images, mean: Images) -> NDArray[np.bool_]:
    """Whether the plain image that deviates most alike from the mean image is an image's own.

    By the cosine of the angle between deviations, so contrast does not count: a
    reconstruction that is blurred towards the mean image, as those of networks and of means
    are, is matched by what it does show. A tie is a miss. Chance is 1/N.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].
        mean: uint8 [H, W, 3], of plain images that an attacker may know.

    Returns:
        bool [N].

    Raises:
        UserError: If the arrays cannot be paired.
    """

    def prepared(some: Images) -> _Vectors:
        deviations = (some.astype(np.float64) - mean).reshape(len(some), -1)
        lengths = np.linalg.norm(deviations, axis=1, keepdims=True)
        return np.divide(deviations, lengths, out=deviations, where=lengths > 0)

    def cosines(x: _Vectors, y: _Vectors) -> _Vectors:
        return x @ y.T

    return _finds_its_own(images, plain, prepared, cosines, rounding=_ROUNDING)


def _finds_its_own(
    images: Images,
    plain: Images,
    prepared: Callable[[Images], _Vectors],
    likeness: Callable[[_Vectors, _Vectors], _Vectors],
    *,
    rounding: float,
) -> NDArray[np.bool_]:
    """Whether no other plain image is as like an image as its own, block by block."""
    check_pair(images, plain)
    count = len(images)
    size = max(1, min(1024, VALUES_PER_BATCH // images[0].size))
    blocks = [slice(start, start + size) for start in range(0, count, size)]
    found = np.ones(count, dtype=bool)
    for rows in blocks:
        of_images = prepared(images[rows])
        own = np.diagonal(likeness(of_images, prepared(plain[rows])))
        for columns in blocks:
            others = likeness(of_images, prepared(plain[columns]))
            if rows == columns:
                np.fill_diagonal(others, -np.inf)
            found[rows] &= (others < own[:, None] - rounding).all(axis=1)
    return found
