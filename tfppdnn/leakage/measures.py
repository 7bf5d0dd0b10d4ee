"""The measures of what an image gives away, in words: one table for all pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tfppdnn import writing


@dataclass(frozen=True)
class Measure:
    """What is measured of images beside their plain ones; the higher, the more shows.

    Attributes:
        key: Its name in records; `key + blind_suffix` is what knowing nothing gives there.
        name: Its name for people.
        meaning: One sentence or more.
        blind: What "knowing nothing" is here.
        blind_suffix: See `key`.
        ceiling: What the plain image itself scores (for PSNR, one that looks the same), where
            that was not measured.
        judged: Whether how far it is from `blind` says how much of a picture shows.
        write: Writes a value.
    """

    key: str
    name: str
    meaning: str
    blind: str
    blind_suffix: str = "_floor"
    ceiling: float = 1.0
    judged: bool = True
    write: Callable[[float | None], str] = writing.number


MEASURES = {
    measure.key: measure
    for measure in (
        Measure(
            "orientation_agreement",
            "Outlines, by direction",
            "Orientation agreement: how well the directions of edges agree with the plain "
            "picture's, whatever their colour and strength. It is the measure that agrees best "
            "with the eye; 1 means every outline is there.",
            "another picture",
            blind_suffix="_chance",
        ),
        Measure(
            "contour_correlation",
            "Outlines, by strength",
            "Contour correlation: how well the strengths of edges agree with the plain picture's. "
            "Saturated colours and bright borders press it down.",
            "another picture",
            blind_suffix="_chance",
        ),
        Measure(
            "affine_ssim",
            "Light and dark",
            "SSIM after the best change of brightness and contrast in each colour: what a photo "
            "editor could bring back. 1 means the plain picture.",
            "the mean picture",
        ),
        Measure(
            "ssim",
            "Likeness as it stands",
            "SSIM, the paper's measure: 1 means the plain picture. A low value alone proves "
            "little, for a photographic negative scores low and hides nothing.",
            "the mean picture",
        ),
        Measure(
            "reidentification",
            "Matching",
            "How often the right plain picture is picked out of all the test pictures as the one "
            "most alike.",
            "a random pick",
            blind_suffix="_chance",
            write=writing.percent,
        ),
        Measure(
            "cosine_reidentification",
            "Matching, at any contrast",
            "The same, by how pictures deviate from the mean picture and not by how much: it also "
            "matches faint and blurred ones.",
            "a random pick",
            blind_suffix="_chance",
            write=writing.percent,
        ),
        # Tells what is shown and not how it looks; protected images are made to be recognised.
        Measure(
            "recognition",
            "Recognition",
            "How often a classifier that has only ever seen plain pictures names what is shown.",
            "guessing",
            blind_suffix="_chance",
            judged=False,
            write=writing.percent,
        ),
        Measure(
            "psnr",
            "Error of the pixels",
            "PSNR: from about 40 dB on nobody sees a difference to the plain picture.",
            "the mean picture",
            ceiling=40.0,
            judged=False,
            write=writing.decibels,
        ),
    )
}
"""By key; the one that agrees with the eye first."""

ACCURACY = Measure(
    "accuracy",
    "Accuracy",
    "How often a classifier is right.",
    "guessing",
    blind_suffix="_chance",
    judged=False,
    write=writing.percent,
)
"""No leakage, but a share beside guessing like those above."""
