"""What is said of a data set, on stderr, that nobody shall find out afterwards."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from tfppdnn.writing import in_one_line

# What is smaller was likely chosen for pictures like CIFAR-10's.
_PHOTOGRAPH = 96


def say_what_is_seen(sides: Sequence[int], image_size: int) -> None:
    """Says that large pictures are made small.

    Args:
        sides: The shorter side of each, in pixels, before it was resized.
        image_size: Height and width that it was resized to.
    """
    usual = int(np.median(sides)) if len(sides) else 0
    if usual >= 2 * image_size:
        small = ", and --preset=photos is made for photographs" if image_size < _PHOTOGRAPH else ""
        say(
            f"pictures of about {usual} pixels a side are seen at {image_size}x{image_size}; "
            f"--image_size sets that{small}"
        )


def say_what_is_in_both(train: Sequence[bytes], test: Sequence[bytes]) -> None:
    """Says how many test pictures are among those to train on, where the user divided them.

    Args:
        train: A digest of each picture to train on; equal ones are copies.
        test: Likewise, to test.
    """
    both = sum(map(set(train).__contains__, test))
    if both:
        say(
            f"{both:,} of {len(test):,} test pictures are also among those to train on, so that "
            "figures on them are too good"
        )


def say_if_divided_otherwise(
    trained_on: Mapping[str, Any] | None, found: Mapping[str, Any]
) -> None:
    """Says that a data set is not as it was when a protector learnt from it.

    Args:
        trained_on: Its summary then; None if nobody knows.
        found: Its summary now.
    """
    known = trained_on or {}
    if known.get("name") == found["name"] and known.get("version") != found["version"]:
        say(
            f"{found['name']} is not as it was when the protector learnt from it, or is divided "
            "otherwise: pictures to test on may be among those that it learnt from"
        )


def say(what: str) -> None:
    """Writes one line on stderr, above a progress bar if there is one."""
    tqdm.write(in_one_line(what), file=sys.stderr)
