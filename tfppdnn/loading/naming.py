"""From a name to what it names."""

from __future__ import annotations

import os
from pathlib import Path

from tfppdnn.baselines import BASELINES
from tfppdnn.ciphers import CIPHERS
from tfppdnn.errors import UserError
from tfppdnn.loading.python_object import PythonObject
from tfppdnn.loading.scheme import Scheme
from tfppdnn.loading.shipped import Shipped, shipped_names
from tfppdnn.loading.source import Source
from tfppdnn.loading.trained import trained_source


def find_source(name: str | os.PathLike[str]) -> Source:
    """Finds where a protector comes from, without loading it.

    Args:
        name: See `tfppdnn.loading`.

    Raises:
        UserError: The name means nothing; what is possible is listed.
    """
    text = os.fspath(name)
    shipped = shipped_names()
    if isinstance(name, str):
        if text in shipped:
            return Shipped(text)
        word, colon, number = text.partition(":")
        if word in CIPHERS or word in BASELINES:
            return Scheme(word, number if colon else None)
    path = Path(text).expanduser()
    if path.exists():
        return trained_source(path)
    if PythonObject.is_meant(text):
        return PythonObject(text)
    of_the_package = f"a shipped protector ({', '.join(shipped)}), " if shipped else ""
    raise UserError(
        f"{text} does not exist; name {of_the_package}a run folder made by `train`, a "
        f"protector.tflite, a .keras file, a SavedModel folder, a cipher ({', '.join(CIPHERS)}), "
        f"a baseline ({', '.join(BASELINES)}), or a Python function (package.module:name or "
        "file.py:name)"
    )
