"""Attributes of a picture: what it may tell about its scene without being drawn again."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.color import rgb2hsv

from tfppdnn import writing
from tfppdnn.leakage.figure import Figures
from tfppdnn.leakage.intervals import exact_interval
from tfppdnn.leakage.measures import Measure
from tfppdnn.leakage.pairs import Images

_HUES = 8
# A picture whose channels differ by less of 255 grey levels on average has no colour.
_GREY = 16
_IMAGES_AT_A_TIME = 64


def _attribute(key: str, name: str, meaning: str) -> Measure:
    return Measure(
        key,
        name,
        meaning,
        "the most frequent",
        blind_suffix="_chance",
        judged=False,
        write=writing.percent,
    )


ATTRIBUTES = {
    measure.key: measure
    for measure in (
        _attribute("colour", "Colour", "How often the dominant colour is guessed, of 8 and grey."),
        _attribute("brightness", "Bright or dark", "How often it is guessed which of the two."),
        _attribute("label", "Class", "How often the label in the data set is guessed."),
    )
}
"""How often each is guessed, by key: measures of guesses, not of images."""


def attributes_of(images: Images, labels: ArrayLike) -> dict[str, NDArray[np.int64]]:
    """Tells the attributes of plain images.

    Args:
        images: uint8 [N, H, W, 3].
        labels: [N] class indices.

    Returns:
        By the keys of `ATTRIBUTES`, int64 [N]. `colour` is the eighth of the colour wheel (red is
        the middle of the first, 0) whose pixels have most chroma in all, and 8 for grey: a mean
        chroma (largest channel less smallest) below 16 of 255. `brightness` is 1 for a mean of all
        values above 127.5.
    """
    starts = range(0, len(images), _IMAGES_AT_A_TIME)
    colours = [_colours(images[start : start + _IMAGES_AT_A_TIME]) for start in starts]
    return {
        "colour": np.concatenate(colours),
        "brightness": (images.mean(axis=(1, 2, 3)) > 127.5).astype(np.int64),
        "label": np.asarray(labels, np.int64),
    }


def _colours(images: Images) -> NDArray[np.int64]:
    chroma = np.ptp(images, axis=-1).astype(float)
    hues = np.rint(rgb2hsv(images)[..., 0] * _HUES).astype(int) % _HUES
    of_each = [np.where(hues == hue, chroma, 0).sum(axis=(1, 2)) for hue in range(_HUES)]
    return np.where(chroma.mean(axis=(1, 2)) < _GREY, _HUES, np.argmax(of_each, axis=0))


def guessed_better(figures: Figures) -> bool:
    """Whether any is guessed more often than by always saying the most frequent value.

    The lower end of its exact interval lies above that, at 95% for all attributes together.
    """
    confidence = 1 - 0.05 / len(figures)
    return any(
        exact_interval(round(one.value * one.count), one.count, confidence=confidence).low
        > one.blind.mean
        for one in figures.values()
    )


def in_words(figures: Figures) -> str:
    """How often each is guessed, for a sentence."""
    return ", ".join(
        f"{one.measure.name.lower()} {one.value:.1%} (always the most frequent "
        f"{one.blind.mean:.1%}, from plain pictures {one.ceiling.mean:.1%})"
        for one in figures.values()
    )
