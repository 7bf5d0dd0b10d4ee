"""Plain pictures of other kinds than a data set's: other scales, other light, or no picture."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image

Maker = Callable[[np.ndarray, np.random.Generator], np.ndarray]
"""Maps images uint8 [N, H, W, 3] to as many of the same size."""


def _grainy(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.clip(np.rint(images + rng.normal(0, 20, images.shape)), 0, 255).astype(np.uint8)


def _noise(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, 256, images.shape, np.uint8)


def _flat(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    colours = rng.integers(0, 256, (len(images), 1, 1, 3), np.uint8)
    return np.broadcast_to(colours, images.shape)


def _jpeg(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.stack([_through_jpeg(image, int(rng.integers(30, 91))) for image in images])


DECOYS: dict[str, Maker] = {
    "negative": lambda images, rng: 255 - images,
    "dark": lambda images, rng: images // 3,
    "bright": lambda images, rng: 255 - (255 - images) // 3,
    "grainy": _grainy,
    "noise": _noise,
    "flat": _flat,
    "jpeg": _jpeg,
}
"""By name: as plain as the images, or nothing at all, and no h_p has made it.

A photographic negative; a third of the light; two thirds washed out; grain of 20 grey levels;
nothing but noise, every pixel for itself; one colour; JPEG of a quality from 30 to 90.
"""


def other_scales(images: np.ndarray, *, size: int, rng: np.random.Generator) -> np.ndarray:
    """Shows the same pictures as other cameras might: as they are, nearer, or farther away.

    Args:
        images: uint8 [N, S, S, 3].
        size: Height and width of the answer, S or more.
        rng: Draws which image is shown how.

    Returns:
        uint8 [N, size, size, 3]. A picture from farther away is four of the images in a
        square, which gives it edges as sharp as those of a photograph made smaller.
    """
    shown = []
    for image in images:
        kind = rng.integers(3)
        if kind == 2:
            four = images[rng.integers(len(images), size=4)]
            rows = np.concatenate([np.concatenate(four[:2], 1), np.concatenate(four[2:], 1)])
            shown.append(_resized(rows, size))
        else:
            larger = _resized(image, size * (1 + kind))
            top, left = rng.integers(0, len(larger) - size + 1, 2)
            shown.append(larger[top : top + size, left : left + size])
    return np.stack(shown)


def _resized(image: np.ndarray, size: int) -> np.ndarray:
    if len(image) == size:
        return image
    return np.asarray(Image.fromarray(image).resize((size, size), Image.Resampling.BILINEAR))


def _through_jpeg(image: np.ndarray, quality: int) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    with Image.open(file) as opened:
        return np.asarray(opened)
