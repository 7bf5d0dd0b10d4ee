"""What a server needs of a run, in a folder of its own: the run folder itself is nobody else's."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.files import holds_others, user_path, written_whole
from tfppdnn.serving.version_folders import LABELS_FILE, check_servable
from tfppdnn.serving.web_protector import WEB_TFLITE, check_web_protector, web_protector

_CLASSIFIER, _GATE, _LABELS = "classifier", "gate", "labels.json"
_ALL = {_CLASSIFIER, _GATE, _LABELS, WEB_TFLITE}


def check_deployment(folder: str | os.PathLike[str]) -> None:
    """Checks that a folder may be written, or written again; writes nothing.

    Raises:
        UserError: Something else stands there.
    """
    path = user_path(folder)
    if holds_others(path, _ALL):
        raise UserError(
            f"--deploy={path}: holds something else than an earlier deployment; name a new folder"
        )


def deploy(run: str | os.PathLike[str], folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Writes the folder that `serve` takes on the machine that serves, whole or not at all.

    It holds the run's `classifier/`, and, if the run has them, `labels.json` with the names of its
    classes (which classifiers of earlier versions have inside only), `gate/`, which refuses plain
    images, and the protector of the page for browsers. There is nothing else in it: no
    checkpoint, no restorer, no picture, no path.

    Args:
        run: A run folder on which `classify` has run.
        folder: Where it shall stand; an earlier deployment there is replaced.

    Returns:
        `deployed`, the folder, and `holds`, the names of what is in it.

    Raises:
        UserError: There is no classifier, something else stands there, or it cannot be written.
    """
    path, target = user_path(run), user_path(folder)
    check_deployment(target)
    check_servable(path)
    if not (path / _CLASSIFIER).is_dir():
        raise UserError(f"{path} is no run folder; name one on which classify has run")
    page = _page_of(path)
    with written_whole(target) as temporary:
        temporary.mkdir()
        for name in (_CLASSIFIER, _GATE):
            if (path / name).is_dir():
                shutil.copytree(path / name, temporary / name)
        labels = path / _CLASSIFIER / LABELS_FILE
        for name, file in ((_LABELS, labels), (WEB_TFLITE, page)):
            if file is not None and file.is_file():
                shutil.copy(file, temporary / name)
    return {"deployed": str(target), "holds": sorted(entry.name for entry in target.iterdir())}


def _page_of(run: Path) -> Path | None:
    """The protector for browsers, if the run has or can have one."""
    try:
        check_web_protector(run)
    except UserError:
        return None
    return web_protector(run)
