"""The command line that makes something again."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfppdnn.baselines import LABEL

# Options that name files or folders, which elsewhere lie elsewhere.
_PATHS = ("dataset", "out", "perceptual_weights", "protector", "recogniser", "reuse")

# Before the path of a classifier, in a protector's name.
_LABEL = f"{LABEL}:"


def command_line(
    verb: str, options: Mapping[str, Any], *, seen_from: str | Path | None = None
) -> str:
    """Writes the call of a verb as it is typed.

    Args:
        verb: Of `python -m tfppdnn`.
        options: By name; those that are None are left out, and lists are separated by commas. The
            data sets' folder is called DIR, wherever it is.
        seen_from: For somebody who stands in this folder paths lead on from there, and of what
            lies outside only the last name is written; None to leave paths as they are.

    Returns:
        A line in which everything is quoted for a shell.
    """
    words = ["python", "-m", "tfppdnn", verb]
    for name, value in options.items():
        if value is not None:
            words.append(f"--{name}={_written(name, value, seen_from)}")
    return shlex.join(words)


def _written(name: str, value: Any, seen_from: str | Path | None) -> str:
    if name == "data_dir":
        return "DIR"
    if isinstance(value, (list, tuple)):
        return ",".join(map(str, value))
    # A name of tensorflow-datasets may have a slash before its configuration.
    is_name = name == "dataset" and not (Path(value).is_absolute() or Path(value).is_dir())
    if seen_from is not None and name in _PATHS and not is_name:
        word = _LABEL if str(value).startswith(_LABEL) else ""
        path = Path(str(value).removeprefix(word))
        inside = path.is_relative_to(seen_from)
        return word + (str(path.relative_to(seen_from)) if inside else path.name)
    return str(value)
