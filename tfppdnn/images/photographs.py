"""A few photographs of another kind than any training set, for Fig. 1's 96x96 pictures."""

from __future__ import annotations

import numpy as np

from tfppdnn.images.resizing import resize_square

# Those that scikit-image ships inside its package, in the public domain or CC0.
_NAMES = ("astronaut", "chelsea", "coffee", "rocket", "retina", "immunohistochemistry")


def photographs(image_size: int = 96) -> np.ndarray:
    """Returns scikit-image's sample photographs, cropped square.

    Args:
        image_size: Height and width, in pixels.

    Returns:
        uint8 [7, image_size, image_size, 3].
    """
    from skimage import data

    pictures = [*(getattr(data, name)() for name in _NAMES), data.stereo_motorcycle()[0]]
    return np.stack([resize_square(picture, image_size) for picture in pictures])
