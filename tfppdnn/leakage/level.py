"""How much shows: the one scale, and its words."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

# Shares of the way from knowing nothing to the plain image itself. Noise with faint contours lay
# below 0.15 in trials, and outlines that the eye still saw at 0.35 and above. Of what lies between,
# audits have always taken 0.2, and so their published verdicts keep their words.
MUCH_FROM, PICTURES_FROM = 0.2, 0.5


class Level(IntEnum):
    """How much of the pictures shows, or comes back; higher is worse."""

    UNKNOWN = -1
    NOTHING = 0
    TRACES = 1
    MUCH = 2
    PICTURES = 3

    @classmethod
    def of(cls, share: float) -> Level:
        """The level of something that is above knowing nothing.

        Args:
            share: Of the way from knowing nothing to the plain image.
        """
        return cls(cls.TRACES + (share >= MUCH_FROM) + (share >= PICTURES_FROM))

    @property
    def word(self) -> str:
        """In a table's cell."""
        return _WORDS[self].word

    @property
    def of_the_pictures(self) -> str:
        """Within a sentence, such as "Whoever looks sees ..."."""
        return _WORDS[self].of_the_pictures

    @property
    def comes_back(self) -> str:
        """What an attacker gets, as a sentence without its full stop."""
        return _WORDS[self].comes_back


class _Words(NamedTuple):
    word: str
    of_the_pictures: str
    comes_back: str


_WORDS = {
    Level.UNKNOWN: _Words("unknown", "nobody knows what", "Unknown"),
    Level.NOTHING: _Words("nothing", "nothing of the pictures", "Nothing comes back"),
    Level.TRACES: _Words("traces", "traces of the pictures", "Traces of the pictures come back"),
    Level.MUCH: _Words("much", "much of the pictures", "Much of the pictures comes back"),
    Level.PICTURES: _Words("the pictures", "the pictures", "The pictures come back"),
}
