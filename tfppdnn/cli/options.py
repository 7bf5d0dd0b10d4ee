"""What the verbs make of options that several of them have."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from tfppdnn.errors import UserError


def checked_seed(seed: Any) -> int:
    """Returns the seed, or raises `UserError` if it is not a whole number from 0."""
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**31:
        raise UserError(f"--seed={seed}: must be a whole number from 0 to 2147483647")
    return seed


def words(given: str | Sequence[str]) -> list[str]:
    """Splits a list that is separated by commas; from Python it may be one already."""
    listed = given.split(",") if isinstance(given, str) else given
    return [word.strip() for word in listed if word.strip()]


def say_on_digits(verb: str, *, option: str = "dataset") -> None:
    """Says that nobody chose the pictures, which figures of a protector depend on."""
    tqdm.write(f"{verb}: on digits; name other pictures with --{option}", file=sys.stderr)
