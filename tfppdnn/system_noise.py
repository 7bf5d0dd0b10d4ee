"""Random numbers for a protector that draws: the operating system's, which nobody can repeat."""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray


def system_noise(count: int, size: int) -> NDArray[np.int32]:
    """Draws what one batch of images is protected with; of no use twice.

    A generator with a seed would do as well for a classifier, but whoever knows its state takes
    the noise away again.

    Args:
        count: Images, N.
        size: Random numbers for each.

    Returns:
        int32 [N, size], all 2^32 values equally likely.
    """
    return np.frombuffer(os.urandom(4 * count * size), np.int32).reshape(count, size)


def lowest_noise(count: int, size: int) -> NDArray[np.int32]:
    """What keeps every word (`tfppdnn.models.RandomizedWords`): for attacks, never to be sent.

    Args:
        count: As for `system_noise`.
        size: Likewise.

    Returns:
        int32 [N, size], all of them the lowest value.
    """
    return np.full((count, size), np.iinfo(np.int32).min, np.int32)
