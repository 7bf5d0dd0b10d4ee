"""What is audited: a protector, and what its scheme lets an attacker do."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from typing import Any

from tfppdnn.loading import CheckedProtector, find_source


class Subject:
    """A protector under audit."""

    def __init__(self, name, source=None, protector=None):
        self.name, self._source, self._given = name, source, protector

    @classmethod
    def of(cls, thing):
        if isinstance(thing, (str, os.PathLike)):
            return cls(os.fspath(thing), source=find_source(thing))
        if not hasattr(thing, "protect"):
            function = thing
            thing = type("Own", (), {"protect": staticmethod(function)})()
            return cls(getattr(function, "__name__", "own"), protector=thing)
        return cls(type(thing).__name__, protector=thing)

    @property
    def title(self):
        return self._source.title if self._source else self.name

    @property
    def identity(self):
        return self._source.identity() if self._source else self.name

    @property
    def run(self):
        return Path(self.name) if self._source and self._source.is_run else None

    @cached_property
    def _protector(self):
        return CheckedProtector(
            self._source.load() if self._source else self._given, name=self.name
        )

    @cached_property
    def differentiable(self):
        return self._source.differentiable() if self._source else None

    def protect(self, images):
        return self._protector.protect(images)

    def says(self, attribute: str, default: Any = None) -> Any:
        return getattr(self._protector, attribute, default)
