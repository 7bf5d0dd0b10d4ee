"""How figures are written for people."""

from __future__ import annotations

import math

MISSING = "\N{EM DASH}"
"""Stands for a figure that is not there."""


# Which no terminal obeys: Persian names have the one, and emoji the other.
_JOINERS = "\u200c\u200d"


def in_one_line(text: str, *, longest_word: int = 300, most: int = 1200) -> str:
    """Writes what may quote anything as one line that somebody reads.

    What a terminal would obey, as a file's name may hold it, becomes question marks.

    Args:
        text: Any text. Too long words, and too long a text, are cut in their middle: what it is
            about stands at the beginning, and what to do at the end.
        longest_word: Most characters of a word.
        most: Most characters of all.
    """
    text = "".join(
        each if each.isprintable() or each.isspace() or each in _JOINERS else "?" for each in text
    )
    return _cut(" ".join(_cut(word, longest_word) for word in text.split()), most)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    end = (most - 3) // 2
    return f"{text[: most - 3 - end]}...{text[-end:]}"


def number(value: float | None, digits: int = 2) -> str:
    """Writes 1234.5 as `1,234.50`, with a proper minus; what is missing as a dash."""
    if value is None or not math.isfinite(value):
        return MISSING
    # Rounding first, so that -0.001 does not become "-0.00".
    text = f"{round(value, digits) + 0.0:,.{digits}f}"
    return text.replace("-", "\N{MINUS SIGN}")


def count(value: float | None) -> str:
    """Writes 1497 as `1,497`."""
    return number(value, 0)


def percent(share: float | None, digits: int = 1) -> str:
    """Writes a share of 1 as a percentage."""
    return MISSING if share is None else number(100 * share, digits) + "%"


def rare_percent(share: float) -> str:
    """Writes a share of 1 that may be of a large crowd: never as 0.0% if it is more."""
    return percent(share, 1 if share <= 0 else max(1, -math.floor(math.log10(100 * share))))


def decibels(value: float | None) -> str:
    """Writes a PSNR."""
    return MISSING if value is None else number(value, 1) + " dB"


def tiny(value: float | None, digits: int = 4) -> str:
    """Writes what may be tiny: `0` only if it is exactly that."""
    smallest = 10.0**-digits
    if value is not None and 0 < value < smallest:
        return f"below {smallest:.{digits}f}"
    return "0" if value == 0 else number(value, digits)


def tiny_percent(share: float | None) -> str:
    """Writes a share of 1 that may be tiny as a percentage."""
    return tiny(None if share is None else 100 * share, 2) + ("" if share is None else "%")


def size(length: int | None) -> str:
    """Writes a number of bytes in kB or MB (of 1,000 and 1,000,000)."""
    if length is None:
        return MISSING
    return f"{length / 1e6:,.1f} MB" if length >= 1e6 else f"{length / 1e3:,.1f} kB"
