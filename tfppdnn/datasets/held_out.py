"""Which pictures are set aside for testing, where nobody said."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_SHARE = 0.1


def held_out(contents: Sequence[bytes], labels: NDArray[np.integer], *, seed: int) -> NDArray:
    """Draws a tenth of every class for testing.

    The draw goes by what the pictures are, and not by where they stand: the same pictures in
    another order are divided alike, so that nobody measures on what he trained on. For the same
    reason copies of a picture stay together.

    Args:
        contents: A digest of each picture; equal ones are copies.
        labels: Their classes, [N].
        seed: Seed of the draw.

    Returns:
        Whether each is for testing, bool [N]. Of every class there is at least one, and one is
        left to train on; a class of one picture, or of its copies, keeps it to train on.
    """
    drawn = [hashlib.sha256(b"%d " % seed + content).digest() for content in contents]
    rows: dict[int, list[int]] = {}
    for row in sorted(range(len(drawn)), key=drawn.__getitem__):
        rows.setdefault(int(labels[row]), []).append(row)
    chosen: set[bytes] = set()
    for of_class in rows.values():
        chosen |= _drawn_of_class([drawn[row] for row in of_class])
    for_testing = np.array([one in chosen for one in drawn], bool)
    for of_class in rows.values():
        # All of its pictures are in another class, too, and were drawn there.
        if for_testing[of_class].all():
            for_testing[of_class] = False
    return for_testing


def _drawn_of_class(drawn: list[bytes]) -> set[bytes]:
    """The first tenth of them, sorted as they are; all but the last picture if that is more."""
    wanted, last = max(1, round(_SHARE * len(drawn))), drawn[-1]
    return {one for one in drawn[:wanted] if one != last}
