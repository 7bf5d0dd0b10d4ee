"""Somebody's own protector: a Python function or object, named by module or file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import ModuleType

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.loading.checked import CheckedProtector
from tfppdnn.loading.source import Source
from tfppdnn.types import Protector

_MEANT = re.compile(r"(?P<place>.+\.py|[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")


class PythonObject(Source):
    """A function of images or an object with a method `protect`; importing it runs its module.

    Args:
        text: `package.module:name` or `folder/file.py:name`.
    """

    def __init__(self, text: str):
        self._text = text
        self._place, self._name = _MEANT.fullmatch(text).group("place", "name")

    @staticmethod
    def is_meant(text: str) -> bool:
        """Whether a text has the form of such a name."""
        return _MEANT.fullmatch(text) is not None

    @property
    def title(self) -> str:
        """The name of the function or object."""
        return self._name

    def load(self) -> Protector:
        """Imports the function or object, and checks all that it will return.

        Raises:
            UserError: There is none, or it cannot be imported.
        """
        found = getattr(self._module, self._name, None)
        if hasattr(found, "protect") and not isinstance(found, type):
            return CheckedProtector(found, name=self._text)
        if callable(found) and not isinstance(found, type):
            return CheckedProtector(_Function(found), name=self._text)
        found_instead = "not there" if found is None else f"of type {type(found).__name__}"
        raise UserError(
            f"{self._text} is {found_instead}; "
            "name a function from uint8 [N, H, W, 3] to the same, or an object with such a "
            "method `protect`"
        )

    def identity(self) -> str:
        """Gives the name and a digest of the file that it stands in."""
        file = getattr(self._module, "__file__", None)
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] if file else "built in"
        return f"{Path(self._place).name}:{self._name} {digest}"

    @cached_property
    def _module(self) -> ModuleType:
        try:
            if not self._place.endswith(".py"):
                return importlib.import_module(self._place)
            return _run_file(Path(self._place).expanduser().resolve())
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(
                f"{self._text} cannot be imported ({reason}); mend it, or name something else"
            ) from error


def _run_file(path: Path) -> ModuleType:
    # Not its bare name, which may be that of a module that others import.
    name = f"protector_{hashlib.sha256(bytes(path)).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Where its own classes look each other up.
    spec.loader.exec_module(module)
    return module


class _Function:
    def __init__(self, function: Callable[[np.ndarray], np.ndarray]):
        self.protect = function
