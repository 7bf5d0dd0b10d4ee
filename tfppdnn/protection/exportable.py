"""Whether a folder has what `export` starts from, found out before anything heavy is loaded."""

from __future__ import annotations

import os
from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.run_folder import RunFolder

_KINDS = ("", "_fp16", "_int8", "_web")


def check_exportable(path: str | os.PathLike[str]) -> None:
    """Checks that a folder holds a protector's Keras file, or says what it is.

    Args:
        path: A run folder.

    Raises:
        UserError: It holds none.
    """
    run = RunFolder(path)
    # Runs of earlier versions do not say: there was no other verb.
    verb = run.config().get("verb", "train")
    if verb != "train":
        raise UserError(
            f"{run.path}: made by `{verb}`, and only a run made by `train` has a protector to "
            "export; name such a run"
        )
    if run.protector.is_file():
        return
    if "train" in run.metrics():
        raise UserError(
            f"{run.path}: its training has finished, and its checkpoints are gone; put "
            f"{run.protector} back, or train again with another --out"
        )
    raise UserError(f"{run.path}: its training has not finished; run the same train command again")


def is_exported(path: str | os.PathLike[str]) -> bool:
    """Whether everything is there that `export` writes about a protector."""
    files = ("protector/saved_model.pb", *(f"protector{kind}.tflite" for kind in _KINDS))
    return all(Path(path, file).is_file() for file in files)
