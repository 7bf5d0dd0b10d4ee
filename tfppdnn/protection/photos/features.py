"""Stage 1: what the trunk sees of every picture, once."""

from __future__ import annotations

import shutil

import keras
import numpy as np

from tfppdnn.datasets.dataset import ImageDataset, Images
from tfppdnn.datasets.notices import say
from tfppdnn.errors import UserError
from tfppdnn.models.eight_bit import as_bytes, as_floats
from tfppdnn.models.inference import inference
from tfppdnn.models.resizing import AreaResize
from tfppdnn.models.trunk_protector import seen
from tfppdnn.run_folder import RunFolder
from tfppdnn.training.shards import Arrays, made_in_shards

STAGE = "features"

SMALL_SIZE = 32
"""Height and width that pictures are kept at beside their features, for the restorer."""


def see_pictures(
    run: RunFolder, dataset: ImageDataset, trunk: keras.Model, *, trunk_size: int
) -> tuple[Arrays, Arrays]:
    """Shows every picture to the trunk, or goes on where that was stopped.

    Pictures are read a batch at a time: of each stay its features and a small copy, in the run
    folder, until `forget_pictures`.

    Args:
        run: Where the features are kept.
        dataset: Plain pictures.
        trunk: See `tfppdnn.protection.photos.trunks`.
        trunk_size: Height and width that it sees them at.

    Returns:
        Of the training pictures, and of the test pictures: `features` float16 [N, F] and
        `pictures` uint8 [N, 32, 32, 3].

    Raises:
        UserError: Features are too large for float16.
    """
    images = keras.Input((None, None, 3), name="image")
    both = {
        "features": seen(images, trunk=trunk, trunk_size=trunk_size),
        "pictures": AreaResize(SMALL_SIZE)(images),
    }
    see = inference(keras.Model(images, both))

    size = f"{trunk_size}x{trunk_size}"
    if trunk_size < dataset.image_size:
        say(f"of these pictures the trunk sees {size} pixels; --trunk_size sets that")

    def of(kind: str, pictures: Images) -> Arrays:
        def make(some: slice) -> Arrays:
            made = see(as_floats(pictures[some]))
            features, small = (keras.ops.convert_to_numpy(made[name]) for name in both)
            if np.abs(features).max() > np.finfo(np.float16).max:
                raise UserError(
                    "--trunk: its features are above 65,504, and float16 files hold none such; "
                    "give a trunk whose last layer scales them down"
                )
            return {"features": features.astype(np.float16), "pictures": as_bytes(small)}

        return made_in_shards(
            run.checkpoints(STAGE) / kind,
            len(pictures),
            make,
            title=f"what the trunk sees at {size}, {kind}",
            batch=32,
        )

    return of("train", dataset.train_images), of("test", dataset.test_images)


def forget_pictures(run: RunFolder) -> None:
    """Deletes what `see_pictures` keeps: a small copy of every plain picture, and its features."""
    shutil.rmtree(run.checkpoints(STAGE), ignore_errors=True)
