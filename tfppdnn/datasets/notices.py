"""What is said of a data set, on stderr, that nobody shall find out afterwards."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from tqdm import tqdm


def say_what_is_seen(sides: Sequence[int], image_size: int) -> None:
    """Says that large pictures are made small.

    Args:
        sides: The shorter side of each, in pixels, before it was resized.
        image_size: Height and width that it was resized to.
    """
    usual = int(np.median(sides)) if len(sides) else 0
    if usual >= 2 * image_size:
        _say(
            f"pictures of about {usual} pixels a side are seen at {image_size}x{image_size}; "
            "--image_size sets that, and --preset=photos is made for photographs"
        )


def say_what_is_in_both(train: Sequence[bytes], test: Sequence[bytes]) -> None:
    """Says how many test pictures are among those to train on, where the user divided them.

    Args:
        train: A digest of each picture to train on; equal ones are copies.
        test: Likewise, to test.
    """
    both = sum(map(set(train).__contains__, test))
    if both:
        _say(
            f"{both:,} of {len(test):,} test pictures are also among those to train on, so that "
            "figures on them are too good"
        )


def _say(what: str) -> None:
    tqdm.write(what, file=sys.stderr)
