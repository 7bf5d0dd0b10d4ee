"""What a page calls things that a command line calls by their folders."""

from __future__ import annotations

from pathlib import PurePath


def spoken(name: str) -> str:
    """A data set's name; of a folder only the last part, which says what its pictures show.

    Args:
        name: As it is recorded.
    """
    return PurePath(name).name or name


def is_a_place(name: str) -> bool:
    """Whether a protector's name is where it lies, and not what it is called."""
    return "/" in name or "\\" in name
