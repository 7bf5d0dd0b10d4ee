"""Where the versions of a model lie."""

from __future__ import annotations

import re
from pathlib import Path

from tfppdnn.errors import UserError

LITERT_FILE = "assets.extra/classifier.tflite"
LABELS_FILE = "assets.extra/labels.json"


def has_litert_file(version: Path) -> bool:
    """Says whether a version's folder has what runs without TensorFlow, which earlier ones had not.

    Args:
        version: A SavedModel.
    """
    return (version / LITERT_FILE).is_file()


def version_folders(path: Path) -> dict[int, Path]:
    """Returns the folder of each version that is there, by its number.

    Args:
        path: A run folder with a `classifier`, or a SavedModel, which is version 1; or a folder
            with one SavedModel in each of its sub-folders `1`, `2`, ... (TensorFlow Serving's
            base path).
    """
    for folder in (path, path / "classifier"):
        if (folder / "saved_model.pb").is_file():
            return {1: folder}
    return {
        int(folder.name): folder
        for folder in path.iterdir()
        if re.fullmatch(r"[0-9]{1,18}", folder.name) and folder.is_dir()
    }


def check_servable(path: Path) -> None:
    """Says what is missing where there is nothing to serve.

    Raises:
        UserError: There is no version.
    """
    if not path.is_dir():
        raise UserError(f"{path} is not a folder; name a run folder on which classify has run")
    if version_folders(path):
        return
    if (path / "config.json").is_file():
        raise UserError(
            f"{path} holds no classifier yet; make one with "
            f"python -m tfppdnn classify --protector={path}"
        )
    raise UserError(
        f"{path} holds neither a classifier nor version folders (1, 2, ...); name a run "
        "folder on which classify has run, or a folder of versions"
    )
