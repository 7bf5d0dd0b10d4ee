"""Earlier names of `tfppdnn.protector`, for as long as parts of the package call it so."""

from __future__ import annotations

import os
from typing import Any

from tfppdnn.protector.protector import Protector, load_protector

__all__ = ["CheckedProtector", "find_source", "identity_of", "load_protector"]


class CheckedProtector(Protector):
    """A `Protector` that answers for its scheme's attributes."""

    def __init__(self, protector: Any, *, name: str):
        super().__init__(Protector.of(protector, name=name)._origin)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.scheme, name)


class _Source:
    def __init__(self, protector: Protector):
        self._protector = protector
        self.title, self.is_run = protector.title, protector.run is not None

    def load(self) -> Protector:
        return self._protector

    def identity(self) -> str:
        return self._protector.identity

    def differentiable(self) -> Any:
        return self._protector.differentiable


def find_source(name: str | os.PathLike[str]) -> _Source:
    """Finds a protector; see `Protector.named`."""
    return _Source(Protector.named(name))


def identity_of(name: str | os.PathLike[str]) -> str:
    """Tells a protector from any other; see `Protector.identity`."""
    return Protector.named(name).identity
