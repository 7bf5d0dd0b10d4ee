"""Somebody's own protector: a Python function or object, named by module or file, or held."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.deeds import deeds
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.scheme import Scheme
from tfppdnn.python_names import PythonName


def python_object(text: str) -> Origin:
    """Names a function of images or an object with a method `protect`.

    Args:
        text: See `tfppdnn.python_names`. Its module is run when the protector is loaded, or its
            identity asked for.
    """
    named = PythonName(text)

    def load() -> Scheme:
        found = named.load()
        scheme = as_scheme(found)
        if scheme is None:
            instead = "not there" if found is None else f"of type {type(found).__name__}"
            raise UserError(
                f"{text} is {instead}; "
                "name a function from uint8 [N, H, W, 3] to the same, or an object with such a "
                "method `protect`"
            )
        return scheme

    return Origin(name=text, title=named.name, load=load, identity=lambda: named.identity)


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
