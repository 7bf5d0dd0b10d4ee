"""One way to name a data set, whatever it is."""

from __future__ import annotations

from pathlib import Path

from tfppdnn.data.dataset import ImageDataset
from tfppdnn.errors import UserError


def load_dataset(
    name: str, *, data_dir: str | None = None, image_size: int = 32, seed: int = 0
) -> ImageDataset:
    """Loads `digits`, a folder of class sub-folders, or a tensorflow-datasets name.

    Args:
        name: `digits` (embedded), a folder, or a name that tensorflow-datasets knows
            (with `/CONFIG` where a data set has several). Where a name could be both,
            it is the folder.
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
        from tfppdnn.data.digits import load_digits

        if image_size != 32:
            raise UserError(f"--image_size={image_size}: digits comes at 32x32 only")
        return load_digits()
    if name.startswith((".", "/", "~")) or (name and Path(name).is_dir()):
        from tfppdnn.data.folder import load_folder

        return load_folder(name, image_size=image_size, seed=seed)

    from tfppdnn.data.tensorflow_datasets import load_tensorflow_dataset

    dataset = load_tensorflow_dataset(name, data_dir=data_dir, image_size=image_size)
    if dataset.num_classes < 2:
        raise UserError(f"--dataset={name}: only one class; a classifier needs two or more")
    return dataset
