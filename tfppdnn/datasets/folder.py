"""Data sets that are a folder with one sub-folder of images per class."""

from __future__ import annotations

import hashlib
import os
import sys
import warnings
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.images_on_disk import ImagesOnDisk, threads
from tfppdnn.errors import UserError
from tfppdnn.images.files import read_image
from tfppdnn.images.formats import KINDS, SUFFIXES
from tfppdnn.images.resizing import resize_square
from tfppdnn.progress import following

IN_MEMORY_BYTES = 2**29
"""Decoded images of more bytes than that are read from their files each time they are needed."""

_TEST_SHARE = 0.1
_TEST_NAMES = ("test", "val", "validation")
# Of files that were never meant to be pictures a few names are enough.
_NAMED_STRANGERS = 5
_NAMED_BAD = 100
_SKIPPING = "--skip_bad (of train, classify and audit)"


def load_folder(
    path: str | Path, *, image_size: int = 32, seed: int = 0, skip_bad: bool = False
) -> ImageDataset:
    """Loads `path/CLASS/*.jpg` (or any kind of `read_image`), or `path/{train,test}/CLASS/*`.

    Images are cropped to their central square and resized. Without `train` and `test`
    folders, a tenth of every class (at least one image) is set aside for testing, by
    a draw that depends on the seed and on the files. Hidden files and folders do not count;
    what else is left out is said on stderr.

    All are decoded once, to find those that cannot be. Up to 512 MB of decoded images (3,500 of
    224x224) stay in memory; of more, only the names of the files do (see `ImagesOnDisk`).

    Args:
        path: The folder.
        image_size: Height and width to resize to, in pixels.
        seed: Seed of the draw of test images.
        skip_bad: Whether images that cannot be read are named and left out.

    Returns:
        The data set; class names are the sub-folders' names, sorted.

    Raises:
        UserError: There is no such folder, it holds fewer than two classes, a class has
            no image to train on or none to test, a folder's name is no UTF-8, or images cannot
            be read (they are named).
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        raise UserError(f"--dataset={path}: there is no such folder")
    _check_name(path, "the data set", str(path))
    test_folder = next((path / name for name in _TEST_NAMES if (path / name).is_dir()), None)
    if (path / "train").is_dir() and test_folder is not None:
        parts = [path / "train", test_folder]
    else:
        parts = [path]
    class_names = _class_names(parts[0])
    classes = [[_pictures(part / name) for name in class_names] for part in parts]
    _check_filled(parts, class_names, classes, lacking=f"no {KINDS} image")
    named = [file for part in classes for files in part for file in files]
    _say_what_is_left_out(path, named)
    images = _read(path, named, image_size, skip_bad=skip_bad)
    good = [[[file for file in files if file in images] for files in part] for part in classes]
    _check_filled(parts, class_names, good, lacking="no image that can be read")
    train, test = good if len(good) == 2 else _split(good[0], np.random.default_rng(seed))

    # Mixed, since figures may be measured on the first images only.
    rng = np.random.default_rng(0)
    train_images, train_labels = _stacked(train, images, image_size, rng)
    test_images, test_labels = _stacked(test, images, image_size, rng)
    return ImageDataset(
        name=str(path),
        version=f"folder {path.name}, files {_digest(path, train + test)}",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=class_names,
    )


def _check_name(folder: Path, what: str, name: str) -> None:
    """Refuses a name that no record, report or label file could hold."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise UserError(
            f"--dataset: the name of the folder {os.fsencode(folder)!r} is no UTF-8, but {what} "
            "is called by it; rename the folder"
        ) from None


def _class_names(folder: Path) -> tuple[str, ...]:
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )
    for name in names:
        _check_name(folder / name, "a class", name)
    if not names:
        raise UserError(f"--dataset={folder}: no class sub-folders; images go into {folder}/CLASS/")
    if len(names) == 1:
        raise UserError(
            f"--dataset={folder}: only one class ({names[0]}); a classifier needs two or more"
        )
    return tuple(names)


def _files(folder: Path) -> list[Path]:
    """All files below a folder, but for hidden ones ("._photo.jpg") and those of hidden folders."""
    return sorted(
        file
        for file in folder.rglob("*")
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
        and file.is_file()
    )


def _pictures(folder: Path) -> list[Path]:
    return [file for file in _files(folder) if file.suffix.lower() in SUFFIXES]


def _check_filled(
    parts: list[Path],
    class_names: tuple[str, ...],
    classes: list[list[list[Path]]],
    *,
    lacking: str,
) -> None:
    empty = [
        str(part / name)
        for part, of_part in zip(parts, classes, strict=True)
        for name, files in zip(class_names, of_part, strict=True)
        if not files
    ]
    if empty:
        raise UserError(
            f"--dataset: {lacking} in {', '.join(empty)}; add some or remove the class's folder"
        )


def _say_what_is_left_out(path: Path, named: list[Path]) -> None:
    known = set(named)
    others = [file for file in _files(path) if file not in known]
    strangers = [file for file in others if file.suffix.lower() not in SUFFIXES]
    homeless = [file for file in others if file.suffix.lower() in SUFFIXES]
    for files, what in ((strangers, "not named like a picture"), (homeless, "in no class")):
        if files:
            _say_left_out(what, [str(file.relative_to(path)) for file in files], _NAMED_STRANGERS)


def _say_left_out(what: str, names: list[str], most: int) -> None:
    count = "1 file" if len(names) == 1 else f"{len(names)} files"
    tqdm.write(f"left out {count} {what}: {_listed(names, most)}", file=sys.stderr)


def _listed(names: list[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _read(
    path: Path, files: list[Path], image_size: int, *, skip_bad: bool
) -> dict[Path, np.ndarray | None]:
    """Reads what can be read, and says what cannot; images too many for memory are not kept."""
    kept = len(files) * image_size**2 * 3 <= IN_MEMORY_BYTES

    def read(file: Path) -> tuple[int, np.ndarray | None] | UserError:
        try:
            picture = read_image(file)
        except UserError as error:
            return error
        # A copy, lest a view keeps the whole photograph.
        image = resize_square(picture, image_size).copy() if kept else None
        return min(picture.shape[:2]), image

    images, bad, sides = {}, [], []
    with warnings.catch_warnings():
        # Pillow warns of metadata, which is dropped.
        warnings.filterwarnings("ignore", module="PIL")
        progress = following(files, "reading images", len(files), unit="images", brief=True)
        for file, found in zip(progress, threads().map(read, files), strict=True):
            if isinstance(found, UserError):
                bad.append(str(found))
            else:
                side, images[file] = found
                sides.append(side)
    _say_what_is_seen(sides, image_size)
    if not bad:
        return images
    # Of several only what is wrong with them is said, not what to do about each.
    reasons = [reason.rpartition("; ")[0] for reason in bad]
    if skip_bad:
        _say_left_out("that cannot be read", reasons, _NAMED_BAD)
    elif len(bad) == 1:
        raise UserError(f"{bad[0]}; or leave it out with {_SKIPPING}")
    else:
        raise UserError(
            f"--dataset={path}: {len(bad)} files cannot be read: {_listed(reasons, _NAMED_BAD)}; "
            f"replace or remove them, or leave them out with {_SKIPPING}"
        )
    return images


def _say_what_is_seen(sides: list[int], image_size: int) -> None:
    """Nobody shall find out afterwards that large photographs were made small."""
    usual = int(np.median(sides)) if sides else 0
    if usual >= 2 * image_size:
        tqdm.write(
            f"pictures of about {usual} pixels a side are seen at {image_size}x{image_size}; "
            "--image_size sets that, and --preset=photos is made for photographs",
            file=sys.stderr,
        )


def _split(
    files: list[list[Path]], rng: np.random.Generator
) -> tuple[list[list[Path]], list[list[Path]]]:
    train, test = [], []
    for found in files:
        if len(found) < 2:
            raise UserError(
                f"--dataset: {found[0].parent} holds one image that can be read; "
                "every class needs one to train and one to test"
            )
        order = rng.permutation(len(found))
        held_out = max(1, round(len(found) * _TEST_SHARE))
        test.append([found[i] for i in sorted(order[:held_out])])
        train.append([found[i] for i in sorted(order[held_out:])])
    return train, test


def _digest(folder: Path, files: list[list[Path]]) -> str:
    """Tells two folders apart by the names and sizes of their files."""
    names = sorted(
        f"{file.relative_to(folder)} {file.stat().st_size}" for found in files for file in found
    )
    # Of a name that is no UTF-8 the bytes count, as they do of any other.
    content = "\n".join(names).encode(errors="surrogateescape")
    return hashlib.sha256(content).hexdigest()[:12]


def _stacked(
    files: list[list[Path]],
    images: dict[Path, np.ndarray | None],
    image_size: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray | ImagesOnDisk, np.ndarray]:
    labelled = [(file, label) for label, found in enumerate(files) for file in found]
    labelled = [labelled[row] for row in rng.permutation(len(labelled))]
    labels = np.array([label for _, label in labelled], np.int64)
    if images[labelled[0][0]] is None:
        return ImagesOnDisk([file for file, _ in labelled], image_size), labels
    # Each is given up when it has its place: all of them twice may not fit into memory.
    stacked = np.empty((len(labelled), image_size, image_size, 3), np.uint8)
    for row, (file, _) in enumerate(labelled):
        stacked[row] = images.pop(file)
    return stacked, labels
