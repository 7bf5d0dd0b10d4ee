"""Pictures of pictures: rows of equally large images, with a word above each row."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK = (255, 255, 255), (64, 68, 76)


def montage(
    rows: Mapping[str, np.ndarray] | Sequence[np.ndarray],
    *,
    columns: int | None = None,
    tile: int = 96,
    title: str = "",
    label_size: int = 22,
    margin: int = 16,
    gap: int = 6,
) -> Image.Image:
    """Lays out rows of images on white, each under its label.

    Args:
        rows: Images by label, or without labels; each uint8 [N, H, W, 3], all of one size.
        columns: How many of the images to show at most; as many as all rows have if None.
        tile: Width that small images are at least enlarged to, by whole factors and
            without smoothing, so that what is seen is what was measured.
        title: A line above all rows.
        label_size: Height of the letters, in pixels.
        margin: White pixels around all.
        gap: White pixels between images.

    Returns:
        An RGB picture.
    """
    labels = list(rows) if isinstance(rows, Mapping) else [""] * len(rows)
    images = list(rows.values()) if isinstance(rows, Mapping) else list(rows)
    shown = min(len(row) for row in images)
    shown = shown if columns is None else min(columns, shown)
    factor = max(1, -(-tile // images[0].shape[2]))
    height, width = images[0].shape[1] * factor, images[0].shape[2] * factor
    line = round(1.6 * label_size)
    band, top = line if any(labels) else 0, margin + (line if title else 0)
    row_height = band + height + gap
    picture = Image.new(
        "RGB",
        (
            2 * margin + shown * (width + gap) - gap,
            top + len(images) * row_height - gap + margin,
        ),
        _PAPER,
    )
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(label_size)
    draw.text((margin, margin), title, fill="black", font=font)
    for label, row in zip(labels, images, strict=True):
        draw.text((margin, top), label, fill=_INK, font=font)
        for column, image in enumerate(row[:shown]):
            enlarged = np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
            picture.paste(Image.fromarray(enlarged), (margin + column * (width + gap), top + band))
        top += row_height
    return picture


def png(picture: Image.Image) -> bytes:
    """Encodes a picture as a small PNG file."""
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
