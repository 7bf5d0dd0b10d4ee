"""Naming protectors: one word or path for whatever turns plain images into protected ones.

A name is one of

- a protector that comes with the package: `cifar10`;
- a run folder made by `train`, a `.tflite` file, a `.keras` file, or a SavedModel folder;
- a cipher: `tanaka`, `pixel_same`, `pixel_different`, `ele`, `etc`; with a key, `tanaka:1234`;
- a baseline: `plain`, `blur:2`, `pixelate:4`;
- a Python function or object: `package.module:name` or `folder/file.py:name`.

A text that is the name of a shipped protector, a cipher or a baseline is just that, whatever
files there are: a folder of that name is `./tanaka`. A `pathlib.Path` is always a path.
"""

from __future__ import annotations

import os

from tfppdnn.loading.checked import CheckedProtector
from tfppdnn.loading.naming import find_source
from tfppdnn.types import Protector

__all__ = ["CheckedProtector", "find_source", "identity_of", "load_protector"]


def load_protector(name: str | os.PathLike[str]) -> Protector:
    """Loads a protector by its name.

    Args:
        name: As above. Of a run folder and of a shipped protector the TFLite file is used, for
            batches as well: LiteRT takes less of the processor an image than TensorFlow does at
            any batch size. Only SavedModels and `.keras` files import TensorFlow.

    Returns:
        An object whose `protect` turns plain images, uint8 [N, H, W, 3] or [H, W, 3],
        into protected ones of the same shape. It may be called from several threads, unless
        it is Python code that may not.

    Raises:
        UserError: There is no protector of that name.
    """
    return find_source(name).load()


def identity_of(name: str | os.PathLike[str]) -> str:
    """Tells a protector from any other, in a few letters for `config.json`.

    Args:
        name: As above.

    Returns:
        A digest of the files of a trained protector; a cipher's or baseline's name and
        number; a function's name and a digest of the file it stands in.

    Raises:
        UserError: There is no protector of that name.
    """
    return find_source(name).identity()
