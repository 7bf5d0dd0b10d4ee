"""Which pictures are set aside for testing, where nobody said."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence

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
        Whether each is for testing, bool [N]: a tenth of a class (one picture at least), or less
        where copies do not fit into that. A class of which nothing would be left to train on, as
        one of a single picture, keeps it to train on.
    """
    drawn = [hashlib.sha256(b"%d " % seed + content).digest() for content in contents]
    # How many of each class a picture is: copies may have been put into several.
    copies: dict[bytes, Counter[int]] = {}
    for row in sorted(range(len(drawn)), key=drawn.__getitem__):
        copies.setdefault(drawn[row], Counter())[int(labels[row])] += 1
    sizes = Counter(np.asarray(labels).tolist())
    chosen: set[bytes] = set()
    taken: Counter[int] = Counter()

    def take_if(picture: bytes, most: Callable[[int], int]) -> None:
        if all(taken[label] + count <= most(label) for label, count in copies[picture].items()):
            chosen.add(picture)
            taken.update(copies[picture])

    for picture in copies:
        take_if(picture, lambda label: min(max(1, round(_SHARE * sizes[label])), sizes[label] - 1))
    # Where every picture has more copies than that, the one of the fewest.
    for picture in sorted(copies, key=lambda picture: copies[picture].total()):
        if any(not taken[label] for label in copies[picture]):
            take_if(picture, lambda label: sizes[label] - 1)
    return np.array([one in chosen for one in drawn], bool)
