"""Somebody's own protector: a Python function or object, named by module or file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.loading.checked import CheckedProtector
from tfppdnn.loading.source import Source
from tfppdnn.python_names import PythonName
from tfppdnn.types import Protector


class PythonObject(Source):
    """A function of images or an object with a method `protect`.

    Args:
        text: `package.module:name` or `folder/file.py:name`.
    """

    def __init__(self, text: str):
        self._name = PythonName(text)

    @staticmethod
    def is_meant(text: str) -> bool:
        """Whether a text has the form of such a name."""
        return PythonName.is_meant(text)

    @property
    def title(self) -> str:
        """The name of the function or object."""
        return self._name.name

    def load(self) -> Protector:
        """Imports the function or object, and checks all that it will return.

        Raises:
            UserError: There is none, or it cannot be imported.
        """
        found, text = self._name.load(), self._name.text
        if hasattr(found, "protect") and not isinstance(found, type):
            return CheckedProtector(found, name=text)
        if callable(found) and not isinstance(found, type):
            return CheckedProtector(_Function(found), name=text)
        found_instead = "not there" if found is None else f"of type {type(found).__name__}"
        raise UserError(
            f"{text} is {found_instead}; "
            "name a function from uint8 [N, H, W, 3] to the same, or an object with such a "
            "method `protect`"
        )

    def identity(self) -> str:
        """Gives the name and a digest of the file that it stands in."""
        return self._name.identity


class _Function:
    def __init__(self, function: Callable[[np.ndarray], np.ndarray]):
        self.protect = function
