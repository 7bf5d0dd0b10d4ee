"""One way to name a data set, whatever it is."""

from __future__ import annotations

from pathlib import Path

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.errors import UserError


def load_dataset(
    name: str, *, data_dir: str | None = None, image_size: int = 32, seed: int = 0
) -> ImageDataset:
    """Loads `digits`, a folder of class sub-folders, or a tensorflow-datasets name.

    Args:
        name: `digits` (embedded), a folder, or a name that tensorflow-datasets knows
            (with `/CONFIG` where a data set has several). Of a folder and a name that
            tensorflow-datasets knows, it is the folder.
        data_dir: A tensorflow-datasets directory, for names.
        image_size: Height and width of the images, in pixels.
        seed: Seed of the test draw, for folders without a test folder.

    Returns:
        The data set, with at least two classes.

    Raises:
        UserError: There is no such data set (what exists is listed), or it cannot be
            used; the message says why.
    """
    if image_size < 32:
        raise UserError(f"--image_size={image_size}: must be 32 or more (VGG13 halves it 5 times)")
    if name == "digits":
        from tfppdnn.datasets.digits import load_digits

        if image_size != 32:
            raise UserError(f"--image_size={image_size}: digits comes at 32x32 only")
        return load_digits()
    if data_dir is not None:
        data_dir = str(Path(data_dir).expanduser())
    if name.startswith((".", "/", "~")) or (name and Path(name).is_dir()):
        from tfppdnn.datasets.folder import load_folder

        return _checked(load_folder(name, image_size=image_size, seed=seed))

    from tfppdnn.datasets.tensorflow_datasets import load_tensorflow_dataset

    return _checked(load_tensorflow_dataset(name, data_dir=data_dir, image_size=image_size))


def _checked(dataset: ImageDataset) -> ImageDataset:
    if dataset.num_classes < 2:
        raise UserError(f"--dataset={dataset.name}: only one class; a classifier needs two or more")
    for split, images in (("train", dataset.train_images), ("test", dataset.test_images)):
        if len(images) < 2:
            raise UserError(
                f"--dataset={dataset.name}: {len(images)} images to {split}; give two or more"
            )
    return dataset
