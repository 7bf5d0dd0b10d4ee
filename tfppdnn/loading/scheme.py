"""Protectors that are made by name: ciphers with a key, baselines with a strength."""

from __future__ import annotations

import dataclasses

from tfppdnn.baselines import BASELINES, make_baseline
from tfppdnn.ciphers import make_cipher
from tfppdnn.errors import UserError
from tfppdnn.loading.source import Source
from tfppdnn.types import Protector


class Scheme(Source):
    """A cipher or baseline.

    Args:
        name: One of `CIPHERS` or `BASELINES`.
        number: The cipher's key or the baseline's strength, as text; its default if None.

    Raises:
        UserError: The number is none, or not one for this scheme.
    """

    def __init__(self, name: str, number: str | None):
        if number is not None and not (number.isascii() and number.isdigit()):
            raise UserError(f"{name}:{number}: give a whole number after the colon, as in {name}:4")
        self._name = name
        self._number = None if number is None else int(number)
        if name in BASELINES:
            self._protector = make_baseline(name, self._number)
        else:
            self._protector = make_cipher(name, key=self._number or 0)

    @property
    def title(self) -> str:
        """The name, with the number if one was given."""
        return self._name if self._number is None else f"{self._name}-{self._number}"

    def load(self) -> Protector:
        """Returns the cipher or baseline."""
        return self._protector

    def identity(self) -> str:
        """Gives the name and what it works with: `tanaka key 0`, `blur sigma 2`, `plain`."""
        settings = dataclasses.asdict(self._protector)
        return " ".join([self._name, *(f"{name} {value}" for name, value in settings.items())])
