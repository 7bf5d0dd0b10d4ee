"""Data sets that are a folder with one sub-folder of images per class."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.errors import UserError
from tfppdnn.images.files import SUFFIXES, read_image
from tfppdnn.images.resizing import resize_square

_TEST_SHARE = 0.1
_TEST_NAMES = ("test", "val", "validation")


def load_folder(path: str | Path, *, image_size: int = 32, seed: int = 0) -> ImageDataset:
    """Loads `path/CLASS/*.jpg` (PNG, WebP and BMP too), or `path/{train,test}/CLASS/*`.

    Images are cropped to their central square and resized. Without `train` and `test`
    folders, a tenth of every class (at least one image) is set aside for testing, by
    a draw that depends on the seed only.

    Args:
        path: The folder.
        image_size: Height and width to resize to, in pixels.
        seed: Seed of the draw of test images.

    Returns:
        The data set; class names are the sub-folders' names, sorted.

    Raises:
        UserError: There is no such folder, it holds fewer than two classes, a class has
            fewer than two images, or an image cannot be read (it is named).
    """
    path = Path(path).expanduser()
    if not path.is_dir():
        raise UserError(f"--dataset={path}: there is no such folder")
    test_folder = next((path / name for name in _TEST_NAMES if (path / name).is_dir()), None)
    if (path / "train").is_dir() and test_folder is not None:
        class_names = _class_names(path / "train")
        train = _files_by_class(path / "train", class_names)
        test = _files_by_class(test_folder, class_names)
    else:
        class_names = _class_names(path)
        train, test = _split(_files_by_class(path, class_names), np.random.default_rng(seed))

    # Mixed, since figures may be measured on the first images only.
    rng = np.random.default_rng(0)
    train_images, train_labels = _read_all(train, image_size, rng)
    test_images, test_labels = _read_all(test, image_size, rng)
    return ImageDataset(
        name=str(path),
        version=f"folder {path.name}, files {_digest(path, train + test)}",
        train_images=train_images,
        train_labels=train_labels,
        test_images=test_images,
        test_labels=test_labels,
        class_names=class_names,
    )


def _class_names(folder: Path) -> tuple[str, ...]:
    names = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".")
    )
    if not names:
        raise UserError(f"--dataset={folder}: no class sub-folders; images go into {folder}/CLASS/")
    if len(names) == 1:
        raise UserError(
            f"--dataset={folder}: only one class ({names[0]}); a classifier needs two or more"
        )
    return tuple(names)


def _files_by_class(folder: Path, class_names: tuple[str, ...]) -> list[list[Path]]:
    files = []
    for name in class_names:
        found = sorted(
            file
            for file in (folder / name).rglob("*")
            # Hidden files are not pictures, whatever they are called ("._photo.jpg").
            if file.suffix.lower() in SUFFIXES and not file.name.startswith(".") and file.is_file()
        )
        if not found:
            raise UserError(
                f"--dataset: {folder / name} holds no JPEG, PNG, WebP or BMP image; "
                "add some or remove the folder"
            )
        files.append(found)
    return files


def _split(
    files: list[list[Path]], rng: np.random.Generator
) -> tuple[list[list[Path]], list[list[Path]]]:
    train, test = [], []
    for found in files:
        if len(found) < 2:
            raise UserError(
                f"--dataset: {found[0].parent} holds one image only; "
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
    return hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


def _read_all(
    files: list[list[Path]], image_size: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    labelled = [(file, label) for label, found in enumerate(files) for file in found]
    labelled = [labelled[row] for row in rng.permutation(len(labelled))]
    images = np.empty((len(labelled), image_size, image_size, 3), np.uint8)
    for row, (file, _) in enumerate(tqdm(labelled, "reading images", leave=False, delay=2)):
        images[row] = resize_square(read_image(file), image_size)
    return images, np.array([label for _, label in labelled], np.int64)
