"""Bringing photographs to the size that a network was made for."""

from __future__ import annotations

import numpy as np
from PIL import Image


def resize_square(image: np.ndarray, image_size: int) -> np.ndarray:
    """Crops uint8 [H, W, 3] to its central square and resizes it, antialiased."""
    height, width = image.shape[:2]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    square = image[top : top + side, left : left + side]
    if side == image_size:
        return square
    resized = Image.fromarray(square).resize((image_size, image_size), Image.Resampling.BILINEAR)
    return np.asarray(resized)
