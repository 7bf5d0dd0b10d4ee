"""Somebody's own Python code, named on the command line: `package.module:name`, `file.py:name`."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import os
import re
import sys
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from tfppdnn.errors import UserError

_FORM = re.compile(r"(?P<place>.+\.py|[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")


class PythonName:
    """The name of a function, class or object; loading it runs its module.

    Args:
        text: `package.module:name` or `folder/file.py:name`.

    Raises:
        ValueError: The text has another form, see `is_meant`.
    """

    def __init__(self, text: str):
        found = _FORM.fullmatch(text)
        if found is None:
            raise ValueError(f"{text!r} is no name of Python code")
        self.text = text
        self.place, self.name = found.group("place", "name")

    @staticmethod
    def is_meant(text: str) -> bool:
        """Whether a text has the form of such a name."""
        return _FORM.fullmatch(text) is not None

    def load(self) -> Any:
        """Imports what is named; None if the module has nothing of that name.

        Raises:
            UserError: The module cannot be imported.
        """
        return getattr(self._module, self.name, None)

    @property
    def identity(self) -> str:
        """The name and a digest of the file that it stands in.

        Raises:
            UserError: The module cannot be imported.
        """
        file = getattr(self._module, "__file__", None)
        digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] if file else "built in"
        return f"{Path(self.place).name}:{self.name} {digest}"

    @cached_property
    def _module(self) -> ModuleType:
        path = Path(os.path.expanduser(self.place)).resolve()  # noqa: PTH111  (as `user_path`)
        if self.place.endswith(".py") and not path.is_file():
            raise UserError(f"{self.text}: there is no file {self.place}; name one that is there")
        try:
            if not self.place.endswith(".py"):
                return importlib.import_module(self.place)
            return _run_file(path)
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(
                f"{self.text} cannot be imported ({reason}); mend it, or name something else"
            ) from error


def _run_file(path: Path) -> ModuleType:
    # Not its bare name, which may be that of a module that others import.
    name = f"named_{hashlib.sha256(bytes(path)).hexdigest()[:16]}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Where its own classes look each other up.
    spec.loader.exec_module(module)
    return module
