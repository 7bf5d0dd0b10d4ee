"""Pictures to work on: pieces of the photographs that come with scikit-image."""

from __future__ import annotations

import numpy as np

_NAMES = ("astronaut", "chelsea", "coffee", "rocket")
# A piece of a photograph shows something at this size; a smaller one would be one colour.
_SMALLEST_PIECE = 96


def photographs(count: int, side: int, *, seed: int = 0) -> np.ndarray:
    """Cuts squares out of photographs, and resizes them as a camera's small picture would be.

    Args:
        count: How many.
        side: Height and width.
        seed: Of the places that are cut out.

    Returns:
        uint8 [count, side, side, 3].
    """
    from PIL import Image
    from skimage import data

    rng = np.random.default_rng(seed)
    sources = [Image.fromarray(getattr(data, name)()) for name in _NAMES]
    pictures = np.empty((count, side, side, 3), np.uint8)
    for picture in pictures:
        source = sources[rng.integers(len(sources))]
        piece = rng.integers(_SMALLEST_PIECE, min(source.size) + 1)
        left, top = (rng.integers(0, length - piece + 1) for length in source.size)
        box = (int(left), int(top), int(left + piece), int(top + piece))
        picture[:] = source.resize((side, side), Image.Resampling.BILINEAR, box)
    return pictures
