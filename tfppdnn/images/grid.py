"""Pictures for people who would rather look than read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def image_grid(rows: Sequence[np.ndarray], *, margin: int = 2) -> np.ndarray:
    """Lays out rows of equally large images on white.

    Args:
        rows: Each uint8 [N, H, W, 3].
        margin: White pixels between images.

    Returns:
        uint8 [height, width, 3].
    """
    columns = len(rows[0])
    height, width = rows[0].shape[1] + margin, rows[0].shape[2] + margin
    grid = np.full((len(rows) * height + margin, columns * width + margin, 3), 255, np.uint8)
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            top, left = row * height + margin, column * width + margin
            grid[top : top + image.shape[0], left : left + image.shape[1]] = image
    return grid
