"""The kinds of images that a protector takes, to pixels and back."""

from __future__ import annotations

import os
import sys
from typing import Any

import numpy as np


def pixels_of(image: Any) -> np.ndarray:
    """The pixels of an array, an eager tensor, a PIL image or an image file.

    Raises:
        UserError: A file cannot be read.
        ValueError: It is nothing of these.
    """
    if isinstance(image, np.ndarray):
        return image
    if isinstance(image, str | os.PathLike):
        from tfppdnn.images.files import read_image

        return read_image(image)
    if is_picture(image):
        from tfppdnn.images.files import upright_rgb

        return upright_rgb(image)
    if _is_tensor(image):
        if not hasattr(image, "numpy"):
            raise ValueError(
                "images must be there, not symbols of a graph; for a data set, "
                "call Protector.map(dataset)"
            )
        return image.numpy()
    raise ValueError(
        "images must be a uint8 array or tensor [N, H, W, 3] or [H, W, 3], a PIL image, the path "
        f"of an image file, or a list of these, not {type(image).__name__}"
    )


def like(image: Any, protected: np.ndarray) -> Any:
    """Protected pixels as the kind of thing that was given; an array for a path."""
    if is_picture(image):
        return sys.modules["PIL.Image"].fromarray(protected)
    if _is_tensor(image):
        return sys.modules["tensorflow"].convert_to_tensor(protected)
    return protected


# Whoever has made such a thing has imported its library, which takes long where nobody has.
def is_picture(image: Any) -> bool:
    """Whether it is a PIL image."""
    library = sys.modules.get("PIL.Image")
    return library is not None and isinstance(image, library.Image)


def _is_tensor(image: Any) -> bool:
    library = sys.modules.get("tensorflow")
    return library is not None and library.is_tensor(image)
