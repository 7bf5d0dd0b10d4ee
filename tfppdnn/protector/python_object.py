"""Somebody's own protector: a Python function or object, named by module or file, or held."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.deeds import deeds
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.scheme import Scheme

_NAME = re.compile(r"(?P<place>.+\.py|[A-Za-z_][\w.]*):(?P<name>[A-Za-z_]\w*)")
_DIGITS = 16


def is_python_object(text: str) -> bool:
    """Whether a text has the form of a Python object's name."""
    return _NAME.fullmatch(text) is not None


def python_object(text: str) -> Origin:
    """Names a function of images or an object with a method `protect`.

    Args:
        text: `package.module:name` or `folder/file.py:name`. Its module is run when the protector
            is loaded, or its identity asked for.
    """
    place, name = _NAME.fullmatch(text).group("place", "name")

    @cache
    def module() -> ModuleType:
        try:
            if not place.endswith(".py"):
                return importlib.import_module(place)
            return _run_file(Path(place).expanduser().resolve())
        except (Exception, SystemExit) as error:
            reason = " ".join(f"{type(error).__name__}: {error}".split())
            raise UserError(
                f"{text} cannot be imported ({reason}); mend it, or name something else"
            ) from error

    def load() -> Scheme:
        found = getattr(module(), name, None)
        scheme = as_scheme(found)
        if scheme is None:
            instead = "not there" if found is None else f"of type {type(found).__name__}"
            raise UserError(
                f"{text} is {instead}; "
                "name a function from uint8 [N, H, W, 3] to the same, or an object with such a "
                "method `protect`"
            )
        return scheme

    def identity() -> str:
        file = getattr(module(), "__file__", None)
        digest = _digest(Path(file).read_bytes()) if file else "built in"
        return f"{Path(place).name}:{name} {digest}"

    return Origin(name=text, title=name, load=load, identity=identity)


def held_object(thing: Any, *, name: str | None = None) -> Origin:
    """Names a function or an object that a program holds.

    Args:
        thing: A function of images or an object with a method `protect`.
        name: What messages and reports call it; its own name, or that of its class, if None.

    Raises:
        UserError: It is neither.
    """
    scheme = as_scheme(thing)
    if scheme is None:
        raise UserError(
            f"an object of type {type(thing).__name__} is no protector; give a name or path, a "
            "function from uint8 [N, H, W, 3] to the same, an object with such a method `protect`, "
            "or a Keras model"
        )
    own = getattr(thing, "__name__", type(thing).__name__)
    title = name or (own if own.isidentifier() else "protector")  # A lambda has no name.
    return Origin(
        name=title,
        title=title,
        load=lambda: scheme,
        identity=lambda: f"{title} {deeds(scheme, name=title)}",
    )


def as_scheme(thing: Any) -> Scheme | None:
    """What protects by a function or an object, or None if it cannot."""
    if isinstance(thing, type):
        return None
    if hasattr(thing, "protect"):
        return thing
    return _Function(thing) if callable(thing) else None


class _Function:
    def __init__(self, function: Callable[[np.ndarray], np.ndarray]):
        self.protect = function


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_DIGITS]


def _run_file(path: Path) -> ModuleType:
    # Not its bare name, which may be that of a module that others import.
    name = f"protector_{_digest(bytes(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # Where its own classes look each other up.
    spec.loader.exec_module(module)
    return module
