"""What lies where in a folder of pictures: its parts, its classes, its files."""

from __future__ import annotations

import os
from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.images.formats import SUFFIXES

# However they are written. What is named first is taken, if there are several.
_TRAIN_NAMES = ("train", "training")
_TEST_NAMES = ("test", "testing", "val", "valid", "validation", "eval", "dev")


def parts_of(path: Path) -> list[Path]:
    """The folder of what to train on and that of what to test, or the one folder of all."""
    folders = {each.name.lower(): each for each in sorted(path.iterdir()) if _counts(each)}
    train, test = (
        next((folders[name] for name in names if name in folders), None)
        for names in (_TRAIN_NAMES, _TEST_NAMES)
    )
    if train and test:
        return [train, test]
    only = train or test
    if only and _holds_classes(only, [each for each in folders.values() if each != only]):
        other, names = ("test", _TEST_NAMES) if train else ("train", _TRAIN_NAMES)
        raise UserError(
            f"--dataset={path}: {only.name}/ holds folders, but there is none of pictures to "
            f"{other} ({', '.join(names)}); add one, or give {only} as the data set"
        )
    return [path]


def _holds_classes(part: Path, others: list[Path]) -> bool:
    """Whether a folder that is called like a part is one, and no class that has folders in it.

    Then they are called like the classes beside it, or like those of another part.
    """
    classes = _folders(part)
    beside = {each.name for each in others}.union(*map(_folders, others))
    return bool(classes and (not others or classes & beside))


def _folders(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir() if _counts(each)}


def _counts(entry: Path) -> bool:
    return entry.is_dir() and not entry.name.startswith(".")


def check_name(folder: Path, what: str, name: str) -> None:
    """Refuses a name that no record, report or label file could hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(
            f"--dataset: the name of the folder {os.fsencode(folder)!r} is no UTF-8, but {what} "
            "is called by it; rename the folder"
        ) from None


def class_names_of(folder: Path) -> tuple[str, ...]:
    """The names of its sub-folders, sorted; two or more."""
    names = sorted(_folders(folder))
    for name in names:
        check_name(folder / name, "a class", name)
    if not names:
        raise UserError(f"--dataset={folder}: no class sub-folders; images go into {folder}/CLASS/")
    if len(names) == 1:
        raise UserError(
            f"--dataset={folder}: only one class ({names[0]}); a classifier needs two or more"
        )
    return tuple(names)


def files_below(folder: Path) -> tuple[list[Path], list[Path]]:
    """All files below a folder, and what was not looked into; nothing that is hidden.

    Links to folders are not followed, since they may lead in circles.
    """
    files, unseen = [], []

    def not_read(error: OSError) -> None:
        unseen.append(Path(error.filename))

    for place, folders, names in os.walk(folder, onerror=not_read):
        folders[:] = [name for name in folders if not name.startswith(".")]
        unseen += [Path(place, name) for name in folders if Path(place, name).is_symlink()]
        for name in names:
            file = Path(place, name)
            if not name.startswith("."):
                (files if file.is_file() else unseen).append(file)
    return sorted(files), sorted(unseen)


def pictures_among(files: list[Path]) -> list[Path]:
    """Those that are named like a picture."""
    return [file for file in files if file.suffix.lower() in SUFFIXES]
