"""Where the versions of a model are looked for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from tfppdnn.errors import UserError


def version_finder(path: Path) -> tuple[Callable[[], Mapping[int, Path]], bool]:
    """Returns how to find the versions of what a user has named.

    Args:
        path: A run folder with a `classifier`, a SavedModel, or a folder with one SavedModel
            in each of its sub-folders `1`, `2`, ... (TensorFlow Serving's base path).

    Returns:
        A function that returns the folder of each version, and whether there may be new ones.

    Raises:
        UserError: There is nothing to serve.
    """
    if not path.is_dir():
        raise UserError(f"{path} is not a folder; name a run folder on which classify has run")
    if (path / "saved_model.pb").is_file():
        return lambda: {1: path}, False
    if (path / "classifier" / "saved_model.pb").is_file():
        return lambda: {1: path / "classifier"}, False
    if (path / "config.json").is_file():
        raise UserError(
            f"{path} holds no classifier yet; make one with "
            f"python -m tfppdnn classify --protector={path}"
        )
    if not numbered_folders(path):
        raise UserError(
            f"{path} holds neither a classifier nor version folders (1, 2, ...); name a run "
            "folder on which classify has run, or a folder of versions"
        )
    return lambda: numbered_folders(path), True


def numbered_folders(path: Path) -> dict[int, Path]:
    """Returns the sub-folders whose names are numbers, by number."""
    return {
        int(folder.name): folder
        for folder in path.iterdir()
        if re.fullmatch(r"[0-9]{1,18}", folder.name) and folder.is_dir()
    }
