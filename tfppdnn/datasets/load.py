"""One way to give a data set, whatever it is."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from tfppdnn.datasets.dataset import ARRAYS, ImageDataset, check_images
from tfppdnn.errors import UserError
from tfppdnn.files import user_path

Arrays: TypeAlias = tuple[np.ndarray, np.ndarray]
"""Images, uint8 [N, H, W, 3], and labels, integers [N]."""

AnyDataset: TypeAlias = ImageDataset | str | os.PathLike[str] | Arrays | tuple[Arrays, Arrays] | Any
"""What `load_dataset` takes; the last is a `tf.data.Dataset`."""


def load_dataset(
    dataset: AnyDataset,
    *,
    data_dir: str | None = None,
    image_size: int = 32,
    seed: int = 0,
    skip_bad: bool = False,
) -> ImageDataset:
    """Loads a data set, with its images at one size.

    Args:
        dataset: One of

            - `"digits"` (embedded);
            - a folder of class sub-folders, or of two such, train and test;
            - a name that tensorflow-datasets knows (with `/CONFIG` where a data set has
              several); of a folder and such a name, it is the folder;
            - a pair of arrays, images uint8 [N, H, W, 3] and integer labels [N], or two such
              pairs, to train and to test;
            - a `tf.data.Dataset` of (image, label), batched or not, that fits into memory;
            - an `ImageDataset`, which stays as it is.
        data_dir: A tensorflow-datasets directory, for names.
        image_size: Height and width of the images, in pixels; all but digits are brought to it.
        seed: Seed of the draw of test images, where none are given.
        skip_bad: Whether a folder's images that cannot be read are named on stderr and left out.

    Returns:
        The data set, with at least two classes.

    Raises:
        UserError: There is no such data set (what exists is listed), or it cannot be
            used; the message says why.
    """
    if isinstance(dataset, ImageDataset):
        return _checked(dataset)
    if image_size < 32:
        raise UserError(f"--image_size={image_size}: must be 32 or more (VGG13 halves it 5 times)")
    if not isinstance(dataset, (str, os.PathLike)):
        from tfppdnn.datasets.arrays import from_arrays

        return _checked(from_arrays(dataset, image_size=image_size, seed=seed))
    name = as_recorded(dataset)
    if name == ARRAYS and not Path(name).is_dir():
        raise UserError(
            "this run was made from arrays, which it does not keep; give them again as dataset"
        )
    if dataset == "digits":  # A path is a folder.
        from tfppdnn.datasets.digits import load_digits

        if image_size != 32:
            raise UserError(f"--image_size={image_size}: digits comes at 32x32 only")
        return load_digits()
    if data_dir is not None:
        data_dir = str(user_path(data_dir))
    if name.startswith((".", "/", "~")) or (name and Path(name).is_dir()):
        from tfppdnn.datasets.folder import load_folder

        return _checked(load_folder(name, image_size=image_size, seed=seed, skip_bad=skip_bad))

    from tfppdnn.datasets.tensorflow_datasets import load_tensorflow_dataset

    return _checked(load_tensorflow_dataset(name, data_dir=data_dir, image_size=image_size))


def name_of(dataset: AnyDataset) -> str | None:
    """The name that a data set has before it is loaded; None of arrays."""
    if isinstance(dataset, ImageDataset):
        return dataset.name
    return as_recorded(dataset) if isinstance(dataset, (str, os.PathLike)) else None


def as_recorded(dataset: str | os.PathLike[str]) -> str:
    """Writes a data set's name as `config.json` holds it, so that one call is told from another.

    Args:
        dataset: As typed: a name, or a folder, perhaps with a slash at its end.
    """
    if dataset in ("", "digits"):
        return dataset
    dataset = os.path.expanduser(dataset)  # noqa: PTH111  (it may be a name)
    if not Path(dataset).is_dir():
        return dataset
    name = str(Path(dataset))
    # That word alone means the embedded ones, whatever folders there are.
    return str(Path(dataset).resolve()) if name == "digits" else name


def _checked(dataset: ImageDataset) -> ImageDataset:
    for split, images, labels in (
        ("train", dataset.train_images, dataset.train_labels),
        ("test", dataset.test_images, dataset.test_labels),
    ):
        if len(images) < 2:
            raise UserError(
                f"--dataset={dataset.name}: {len(images)} images to {split}; give two or more"
            )
        check_images(images)
        if np.ndim(labels) != 1 or not np.issubdtype(labels.dtype, np.integer):
            raise UserError(
                f"--dataset={dataset.name}: labels must be integers [N], not {labels.dtype} "
                f"{list(labels.shape)}; give class numbers from 0"
            )
        if len(labels) != len(images) or not 0 <= min(labels) <= max(labels) < dataset.num_classes:
            raise UserError(
                f"--dataset={dataset.name}: {len(images)} images to {split} have {len(labels)} "
                f"labels up to {max(labels, default='none')}; give each the number of one of its "
                f"{dataset.num_classes} classes, from 0"
            )
    # Names alone are no classes: labels may leave some out.
    if len(np.unique(dataset.train_labels)) < 2:
        raise UserError(
            f"--dataset={dataset.name}: only one class of images to train; a classifier needs two "
            "or more"
        )
    return dataset
