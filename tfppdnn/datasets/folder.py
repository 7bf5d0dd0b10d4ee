"""Data sets that are a folder with one sub-folder of images per class."""

from __future__ import annotations

import hashlib
import sys
import warnings
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.folder_layout import (
    check_name,
    class_names_of,
    files_below,
    parts_of,
    pictures_among,
)
from tfppdnn.datasets.held_out import held_out
from tfppdnn.datasets.images_on_disk import ImagesOnDisk, threads
from tfppdnn.datasets.notices import say_what_is_in_both, say_what_is_seen
from tfppdnn.errors import UserError
from tfppdnn.files import digest_of, user_path
from tfppdnn.images.files import read_image
from tfppdnn.images.formats import KINDS
from tfppdnn.images.resizing import resize_square
from tfppdnn.progress import following
from tfppdnn.writing import in_one_line

IN_MEMORY_BYTES = 2**29
"""Decoded images of more bytes than that are read from their files each time they are needed."""

# Of files that were never meant to be pictures a few names are enough.
_NAMED_STRANGERS = 5
_NAMED_BAD = 100
_SKIPPING = "--skip_bad (of train, classify and audit)"


def load_folder(
    path: str | Path, *, image_size: int = 32, seed: int = 0, skip_bad: bool = False
) -> ImageDataset:
    """Loads `path/CLASS/*.jpg` (or any kind of `read_image`), or `path/{train,test}/CLASS/*`.

    Images are cropped to their central square and resized. `Train`, `valid` and such names of the
    two will do. Without them, a tenth of every class (at least one image) is set aside for testing,
    by a draw that depends on the seed and on the files' contents; copies of a file stay together.
    Hidden files and folders do not count; what else is left out is said on stderr.

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
        UserError: There is no such folder, it holds fewer than two classes or one part only of
            two, a class has no image to train on or none to test, a folder's name is no UTF-8, or
            images cannot be read (they are named).
    """
    path = user_path(path)
    if not path.is_dir():
        raise UserError(f"--dataset={path}: there is no such folder")
    check_name(path, "the data set", str(path))
    parts = parts_of(path)
    class_names = class_names_of(parts[0])
    found = [[files_below(part / name) for name in class_names] for part in parts]
    classes = [[pictures_among(files) for files, _ in of_part] for of_part in found]
    _check_filled(parts, class_names, classes, lacking=f"no {KINDS} image")
    named = [file for part in classes for files in part for file in files]
    unseen = [each for of_part in found for _, left in of_part for each in left]
    _say_what_is_left_out(path, named, unseen)
    images, contents = _read(path, named, image_size, skip_bad=skip_bad)
    good = [[[file for file in files if file in images] for files in part] for part in classes]
    _check_filled(parts, class_names, good, lacking="no image that can be read")
    if len(good) == 2:
        train, test = good
        say_what_is_in_both(
            *([contents[file] for files in part for file in files] for part in good)
        )
    else:
        train, test = _split(good[0], contents, seed)

    # Mixed, since figures may be measured on the first images only.
    rng = np.random.default_rng(0)
    train_images, train_labels = _stacked(train, images, image_size, rng)
    test_images, test_labels = _stacked(test, images, image_size, rng)
    return ImageDataset(
        name=str(path),
        version=f"folder {path.name}, files {_digest(path, contents)}",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=class_names,
    )


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


def _say_what_is_left_out(path: Path, named: list[Path], unseen: list[Path]) -> None:
    known = set(named)
    others = [file for file in files_below(path)[0] if file not in known]
    homeless = pictures_among(others)
    known.update(homeless)
    strangers = [file for file in others if file not in known]
    for files, what in (
        (strangers, "not named like a picture"),
        (homeless, "in no class"),
        (unseen, "not to be read, or linked to a folder or to nothing"),
    ):
        if files:
            _say_left_out(what, [str(file.relative_to(path)) for file in files], _NAMED_STRANGERS)


def _say_left_out(what: str, names: list[str], most: int) -> None:
    count = "1 file" if len(names) == 1 else f"{len(names)} files"
    said = in_one_line(f"left out {count} {what}: {_listed(names, most)}", most=20_000)
    tqdm.write(said, file=sys.stderr)


def _listed(names: list[str], most: int) -> str:
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


def _read(
    path: Path, files: list[Path], image_size: int, *, skip_bad: bool
) -> tuple[dict[Path, np.ndarray | None], dict[Path, bytes]]:
    """Reads what can be read, and says what cannot: images, and digests of the files.

    Images too many for memory are not kept.
    """
    kept = len(files) * image_size**2 * 3 <= IN_MEMORY_BYTES

    def read(file: Path) -> tuple[int, bytes, np.ndarray | None] | UserError:
        try:
            picture = read_image(file)
        except UserError as error:
            return error
        # A copy, lest a view keeps the whole photograph.
        image = resize_square(picture, image_size).copy() if kept else None
        return min(picture.shape[:2]), bytes.fromhex(digest_of(file)), image

    images, contents, bad, sides = {}, {}, [], []
    with warnings.catch_warnings():
        # Pillow warns of metadata, which is dropped.
        warnings.filterwarnings("ignore", module="PIL")
        progress = following(files, "reading images", len(files), unit="images", brief=True)
        for file, found in zip(progress, threads().map(read, files), strict=True):
            if isinstance(found, UserError):
                bad.append(str(found))
            else:
                side, contents[file], images[file] = found
                sides.append(side)
    say_what_is_seen(sides, image_size)
    if not bad:
        return images, contents
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
    return images, contents


def _split(
    files: list[list[Path]], contents: dict[Path, bytes], seed: int
) -> tuple[list[list[Path]], list[list[Path]]]:
    labelled = [(file, label) for label, found in enumerate(files) for file in found]
    labels = np.array([label for _, label in labelled])
    for_testing = held_out([contents[file] for file, _ in labelled], labels, seed=seed)
    parts = [[[] for _ in files] for _ in range(2)]
    for (file, label), part in zip(labelled, for_testing, strict=True):
        parts[int(part)][label].append(file)
    for found, of_test in zip(files, parts[True], strict=True):
        if not of_test:
            raise UserError(
                f"--dataset: {found[0].parent} holds one image that can be read, or copies of one; "
                "every class needs one to train and one to test"
            )
    return parts[False], parts[True]


def _digest(folder: Path, contents: dict[Path, bytes]) -> str:
    """Tells two folders apart by the names of their files and by what these hold."""
    names = sorted(f"{file.relative_to(folder)} {held.hex()}" for file, held in contents.items())
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
