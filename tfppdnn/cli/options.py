"""What the verbs make of options that several of them have."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from tqdm import tqdm

from tfppdnn.errors import UserError
from tfppdnn.protector.memory import machine_memory
from tfppdnn.protector.protector import Protector

LARGEST_SIZE = 4096
"""Side of the largest square that images are resized to."""

# 30,000 photographs took 4.6 GiB (results/photos-folders.json), and TensorFlow maps more than
# it uses.
_MUCH_MEMORY = 6 * 2**30


def checked_flag(given: Any, *, option: str) -> bool:
    """Returns a switch, or raises `UserError` if it was given a value.

    Args:
        given: What the command line made of it.
        option: Its name, for the message.
    """
    if not isinstance(given, bool):
        raise UserError(f"{option} takes no value, not {given!r}; leave it at {option}")
    return given


def words(given: str | Sequence[str]) -> list[str]:
    """Splits a list that is separated by commas; from Python it may be one already."""
    listed = given.split(",") if isinstance(given, str) else given
    return [word.strip() for word in listed if word.strip()]


def say_on_digits(verb: str, *, option: str = "dataset") -> None:
    """Says that nobody chose the pictures, which figures of a protector depend on."""
    tqdm.write(f"{verb}: on digits; name other pictures with --{option}", file=sys.stderr)


def say_if_memory_is_short(verb: str) -> None:
    """Says beforehand what a process that is killed for want of memory cannot say."""
    memory = machine_memory()
    if memory < _MUCH_MEMORY:
        tqdm.write(
            f"{verb}: this process may have {memory / 2**30:.1f} GiB of memory; if it ends without "
            "a word, that was too little: give it 6 GiB, or fewer or smaller pictures",
            file=sys.stderr,
        )


def checked_number(value: Any, *, option: str, largest: int, whole: bool = True) -> Any:
    """Checks a number that was typed.

    Args:
        value: What was given.
        option: Its name, for the message.
        largest: That it may be.
        whole: Whether it must be a whole number from 1, and not any above 0.

    Returns:
        The number; an int if it must be whole, as of 1e6.

    Raises:
        UserError: It is none of these.
    """
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # The range comes first: of infinity there is no int.
    if not number or not 0 < value <= largest or (whole and value != int(value)):
        kind = "a whole number from 1" if whole else "a number above 0"
        raise UserError(f"{option} must be {kind} to {largest}, not {value!r}")
    return int(value) if whole else value


def refuse_unfitted(protector: Protector) -> None:
    """Refuses what has to learn from a data set before it can protect a picture.

    Raises:
        UserError: It is such a one, as `pca:96` is.
    """
    if protector.says("fitted_on") is not None:
        protector.scheme.protect(np.zeros((1, 8, 8, 3), np.uint8))  # Which says so itself.
