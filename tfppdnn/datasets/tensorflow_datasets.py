"""Data sets by their tensorflow-datasets name, offline when the data is there."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.notices import say_what_is_seen
from tfppdnn.errors import UserError
from tfppdnn.images.resizing import resize_square
from tfppdnn.progress import following

_TEST_SPLITS = ("test", "validation")
# A tenth of fewer could be one picture, or none.
_FEWEST = 20


def load_tensorflow_dataset(
    name: str, *, data_dir: str | None = None, image_size: int = 32
) -> ImageDataset:
    """Loads any classification data set that tensorflow-datasets knows or finds.

    Args:
        name: Such as `cifar10`.
        data_dir: A tensorflow-datasets directory. Data that is there is read as it is,
            even when this tensorflow-datasets has no builder of that name; nothing is
            downloaded. None for the default one, where what is missing is downloaded.
        image_size: Height and width to resize to, in pixels.

    Returns:
        The data set. If it has no test or validation split with labels, the last tenth of
        `train` is held out.

    Raises:
        UserError: No such data set, or it cannot be had, is damaged, or is not made of
            single 8-bit images with one class each and a training split.
    """
    import tensorflow_datasets as tfds

    builder = _find_builder(tfds, name, data_dir)
    features = builder.info.features
    _check_features(tfds, name, features)
    splits = builder.info.splits
    if "train" not in splits:
        raise UserError(f"--dataset={name}: it has no 'train' split; choose another data set")
    test_split = next(
        (split for split in _TEST_SPLITS if split in splits and _is_labelled(builder, split)), None
    )
    if test_split is None and splits["train"].num_examples < _FEWEST:
        raise UserError(
            f"--dataset={name}: {splits['train'].num_examples} pictures and no 'test' split are "
            "too few to hold some out; choose another data set"
        )
    train = _read(builder, "train" if test_split else "train[:90%]", image_size)
    test = _read(builder, test_split or "train[90%:]", image_size)
    for split, (_, labels) in {"train": train, test_split or "train": test}.items():
        if labels.min() < 0:
            raise UserError(
                f"--dataset={name}: its {split!r} split has images without a label; "
                "choose another data set"
            )
    return ImageDataset(
        name=name,
        version=f"tensorflow-datasets {builder.info.full_name}, "
        f"{features['image'].encoding_format or 'raw'} images",
        train_images=train[0],
        train_labels=train[1],
        test_images=test[0],
        test_labels=test[1],
        class_names=tuple(features["label"].names),
    )


def prepared_datasets(data_dir: str | None) -> list[str]:
    """Lists the data sets that are already prepared under `data_dir`."""
    if data_dir is None or not Path(data_dir).is_dir():
        return []
    root = Path(data_dir)
    return sorted(
        {
            str(info.parent.parent.relative_to(root))
            for pattern in ("*/*/dataset_info.json", "*/*/*/dataset_info.json")
            for info in root.glob(pattern)
        }
    )


def _check_features(tfds, name: str, features) -> None:
    try:
        image, label = features["image"], features["label"]
    except (KeyError, TypeError):
        raise UserError(
            f"--dataset={name}: it has no 'image' and 'label' to classify; choose another data set"
        ) from None
    if not isinstance(label, tfds.features.ClassLabel):
        raise UserError(
            f"--dataset={name}: its 'label' is not one class an image; choose another data set"
        )
    if len(image.shape) != 3 or image.np_dtype != np.uint8:
        raise UserError(
            f"--dataset={name}: its 'image' is not an 8-bit picture; choose another data set"
        )


def _find_builder(tfds, name: str, data_dir: str | None):
    if data_dir is not None and name in prepared_datasets(data_dir):
        return tfds.builder_from_directory(str(_newest_version(Path(data_dir) / name)))
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (tfds.core.registered.DatasetNotFoundError, ValueError):
        # A ValueError is a name that cannot be one, or a configuration that is not there.
        raise UserError(_no_such_dataset(tfds, name, data_dir)) from None
    if data_dir is not None and not Path(builder.data_dir).exists():
        # Who mistypes a folder did not ask for gigabytes.
        raise UserError(
            f"--dataset={name}: not prepared in {builder.data_dir}; give the --data_dir=DIR where "
            "it is, or leave --data_dir out to have it downloaded into ~/tensorflow_datasets"
        )
    try:
        builder.download_and_prepare()
    except Exception as error:  # Each data set's own download code fails in its own way.
        raise UserError(
            f"--dataset={name}: not in {builder.data_dir} and cannot be fetched "
            f"({_first_line(error)}); give --data_dir=DIR where it is prepared"
        ) from error
    return builder


def _is_labelled(builder, split: str) -> bool:
    """Whether its first picture has a label; some data sets do not tell those of their tests."""
    import tensorflow_datasets as tfds

    first = tfds.as_numpy(builder.as_dataset(split=f"{split}[:1]", shuffle_files=False))
    return all(record["label"] >= 0 for record in first)


def _newest_version(folder: Path) -> Path:
    def version(path: Path) -> list[int]:
        return [int(part) if part.isdigit() else -1 for part in path.name.split(".")]

    return max((info.parent for info in folder.glob("*/dataset_info.json")), key=version)


def _first_line(error: Exception) -> str:
    text = next(iter(str(error).splitlines()), "")
    return f"{type(error).__name__}: {text}"[:200]


def _no_such_dataset(tfds, name: str, data_dir: str | None) -> str:
    import difflib

    here = prepared_datasets(data_dir)
    close = difflib.get_close_matches(name.lower(), [*here, "digits", *tfds.list_builders()], n=4)
    found = f"prepared in {data_dir}: {', '.join(here)}; " if here else ""
    meant = f"did you mean {', '.join(close)}? " if close else ""
    return (
        f"--dataset={name}: there is no such data set or folder; {meant}{found}"
        "there are digits (embedded), every tensorflow-datasets name "
        "(python -c 'import tensorflow_datasets as t; print(t.list_builders())'), "
        "and any folder of class sub-folders"
    )


def _read(builder, split: str, image_size: int) -> tuple[np.ndarray, np.ndarray]:
    import tensorflow as tf
    import tensorflow_datasets as tfds

    records = builder.as_dataset(split=split, shuffle_files=False)
    count = builder.info.splits[split].num_examples
    images = np.empty((count, image_size, image_size, 3), np.uint8)
    labels = np.empty(count, np.int64)
    sides = []
    progress = following(
        tfds.as_numpy(records), f"reading {split}", count, unit="pictures", brief=True
    )
    try:
        for row, record in enumerate(progress):
            image = record["image"]
            if image.shape[-1] == 1:
                image = np.repeat(image, 3, axis=-1)
            sides.append(min(image.shape[:2]))
            images[row] = resize_square(image[..., :3], image_size)
            labels[row] = record["label"]
    except tf.errors.OpError as error:
        raise UserError(
            f"--dataset={builder.info.name}: {builder.data_dir} is damaged "
            f"({_first_line(error)}); delete that folder and prepare it again"
        ) from error
    say_what_is_seen(sides, image_size)
    return images, labels
