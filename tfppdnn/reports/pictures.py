"""The pictures of a run: rows of images, with a word above each row."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw, ImageFont

_PAPER, _INK = (255, 255, 255), (64, 68, 76)
_MARGIN, _GAP, _LABEL_SIZE = 16, 6, 22


@dataclasses.dataclass(frozen=True, kw_only=True)
class Pictures:
    """What a report shows; every array is uint8 [N, H, W, 3], N at least 1.

    Attributes:
        plain: x, at the training size.
        preliminary: P, made of the same images.
        protected: h_p(x), of the same images.
        restored: G_BA(h_p(x)), likewise.
        large_plain: x at 96x96, as in the paper's Fig. 1.
        large_protected: h_p of these.
        large_restored: G_BA of those.
    """

    plain: np.ndarray
    preliminary: np.ndarray
    protected: np.ndarray
    restored: np.ndarray
    large_plain: np.ndarray
    large_protected: np.ndarray
    large_restored: np.ndarray

    def header(self) -> Image.Image:
        """Plain over protected, for a first look."""
        return labelled_rows({"plain": self.plain, "protected": self.protected}, columns=8)

    def grid(self) -> Image.Image:
        """All four kinds at the training size."""
        return labelled_rows(
            {
                "plain": self.plain,
                "preliminary: what the training aims at": self.preliminary,
                "protected: what leaves your hands": self.protected,
                "restored: what the training's own restorer makes of it": self.restored,
            },
            columns=8,
        )

    def large(self) -> Image.Image:
        """The larger images, of the kind of the paper's Fig. 1."""
        return labelled_rows(
            {
                "plain": self.large_plain,
                "protected": self.large_protected,
                "restored": self.large_restored,
            },
            columns=5,
            tile=144,
        )


def labelled_rows(rows: Mapping[str, np.ndarray], *, columns: int, tile: int = 96) -> Image.Image:
    """Lays out rows of images on white, each under its label.

    Args:
        rows: Images by label, each uint8 [N, H, W, 3], all of one size.
        columns: How many of the images to show at most.
        tile: Width that small images are at least enlarged to, by whole factors and
            without smoothing, so that what is seen is what was measured.

    Returns:
        An RGB picture.
    """
    first = next(iter(rows.values()))
    columns = min(columns, *(len(images) for images in rows.values()))
    factor = max(1, -(-tile // first.shape[2]))
    height, width = first.shape[1] * factor, first.shape[2] * factor
    row_height = round(1.6 * _LABEL_SIZE) + height + _GAP
    picture = Image.new(
        "RGB",
        (
            2 * _MARGIN + columns * (width + _GAP) - _GAP,
            2 * _MARGIN + len(rows) * row_height - _GAP,
        ),
        _PAPER,
    )
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_LABEL_SIZE)
    for row, (label, images) in enumerate(rows.items()):
        top = _MARGIN + row * row_height
        draw.text((_MARGIN, top), label, fill=_INK, font=font)
        for column, image in enumerate(images[:columns]):
            enlarged = np.repeat(np.repeat(image, factor, axis=0), factor, axis=1)
            left = _MARGIN + column * (width + _GAP)
            picture.paste(Image.fromarray(enlarged), (left, top + row_height - _GAP - height))
    return picture
