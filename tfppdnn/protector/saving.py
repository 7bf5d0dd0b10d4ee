"""Writes the files that a protector was made of, so that it can be loaded again."""

from __future__ import annotations

import os
import shutil

from tfppdnn.errors import UserError
from tfppdnn.files import user_path, written_whole
from tfppdnn.protector.digests import record_digest
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.trained import NETWORKS, check_files


def save_files(origin: Origin, folder: str | os.PathLike[str]) -> None:
    """Copies a protector's files, with their digests, whole or not at all.

    Args:
        origin: What is known of the protector.
        folder: Is made; `Protector.from_preset` reads it.

    Raises:
        UserError: The protector was made of no files, one of them is damaged, or the folder holds
            something or cannot be written.
    """
    folder = user_path(folder)
    if origin.files is None:
        raise UserError(
            f"{origin.name} is not made of files that can be saved; a trained protector or a "
            "Keras model is"
        )
    # What is not loaded to protect, but lies beside it, is looked at too.
    for source in origin.files.values():
        if not callable(source) and (source.is_dir() or source.suffix in NETWORKS):
            check_files(source)
    if folder.exists() and not folder.is_dir():
        raise UserError(f"{folder} is a file; give a folder to save in")
    if folder.exists() and any(folder.iterdir()):
        raise UserError(f"{folder} is not empty; give another folder to save in")
    with written_whole(folder) as temporary:
        temporary.mkdir()
        for name, source in origin.files.items():
            place = temporary / name
            place.parent.mkdir(exist_ok=True)
            if callable(source):
                source(place)
            elif source.is_dir():
                shutil.copytree(source, place)
            else:
                shutil.copyfile(source, place)
        for made in sorted(temporary.iterdir()):
            record_digest(temporary, made.name)
