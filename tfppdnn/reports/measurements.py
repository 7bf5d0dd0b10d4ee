"""Figures ready for a table: each with its interval, and beside what knowing nothing gives."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tfppdnn import writing


class Level(enum.IntEnum):
    """How much shows: how far a figure stands above what knowing nothing gives."""

    NOTHING = 0
    TRACE = 1
    PART = 2
    MOST = 3


# Shares of the way from knowing nothing to the plain image itself. Outlines that trials
# called "still visible" lay at 0.35 and above; noise with faint contours below 0.15.
_PART_FROM, _MOST_FROM = 0.15, 0.5


class Metric(NamedTuple):
    """A leakage metric of `tfppdnn.leakage.figures`, in words.

    Attributes:
        key: Its name there; `key + blind_suffix` is what knowing nothing gives.
        name: Its name for people.
        meaning: One sentence.
        blind: What "knowing nothing" is here.
        blind_suffix: See `key`.
        ceiling: The value of the plain image itself (for PSNR, of one that looks the same).
        judged: Whether its distance from `blind` says how much the eye sees.
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


METRICS = (
    Metric(
        "orientation_agreement",
        "Outlines, by direction",
        "Orientation agreement: how well the directions of edges agree with the plain picture's, "
        "whatever their colour and strength. It is the measure that agrees best with the eye; 1 "
        "means every outline is there.",
        "another picture",
        blind_suffix="_chance",
    ),
    Metric(
        "contour_correlation",
        "Outlines, by strength",
        "Contour correlation: how well the strengths of edges agree with the plain picture's. "
        "Saturated colours and bright borders press it down.",
        "another picture",
        blind_suffix="_chance",
    ),
    Metric(
        "affine_ssim",
        "Light and dark",
        "SSIM after the best change of brightness and contrast in each colour: what a photo "
        "editor could bring back. 1 means the plain picture.",
        "the mean picture",
    ),
    Metric(
        "ssim",
        "Likeness as it stands",
        "SSIM, the paper's measure: 1 means the plain picture. A low value alone proves "
        "little, for a photographic negative scores low and hides nothing.",
        "the mean picture",
    ),
    Metric(
        "reidentification",
        "Matching",
        "How often the right plain picture is picked out of all the test pictures as the one "
        "most alike.",
        "a random pick",
        blind_suffix="_chance",
        write=writing.percent,
    ),
    Metric(
        "cosine_reidentification",
        "Matching, at any contrast",
        "The same, by how pictures deviate from the mean picture and not by how much: it also "
        "matches faint and blurred ones.",
        "a random pick",
        blind_suffix="_chance",
        write=writing.percent,
    ),
    Metric(
        "recognition",
        "Recognition",
        "How often a classifier that has only ever seen plain pictures names what is shown.",
        "guessing",
        blind_suffix="_chance",
        write=writing.percent,
    ),
    Metric(
        "psnr",
        "Error of the pixels",
        "PSNR: from about 40 dB on nobody sees a difference to the plain picture.",
        "the mean picture",
        ceiling=40.0,
        judged=False,
        write=writing.decibels,
    ),
)
"""The one that agrees with the eye first."""


@dataclasses.dataclass(frozen=True)
class Measurement:
    """One figure of a table.

    Attributes:
        name: What was measured.
        note: On what.
        value: The figure.
        low: Lower end of its 95% interval.
        high: Upper end.
        count: Images it was measured on.
        blind: What knowing nothing gives.
        ceiling: What hiding nothing gives.
        write: Writes a value.
    """

    name: str
    note: str
    value: float
    low: float
    high: float
    count: int
    blind: float
    ceiling: float = 1.0
    write: Callable[[float | None], str] = writing.percent

    @property
    def level(self) -> Level:
        """How far the figure stands above knowing nothing."""
        if self.low <= self.blind:
            return Level.NOTHING
        share = (self.value - self.blind) / max(self.ceiling - self.blind, 1e-9)
        return Level(Level.TRACE + (share >= _PART_FROM) + (share >= _MOST_FROM))

    def along(self, value: float) -> float:
        """Where a value lies between 0 and the ceiling, in percent of the way."""
        share = value / self.ceiling if self.ceiling > 0 else 0.0
        return round(100 * min(max(share, 0.0), 1.0), 2)


def leaked(figures: Mapping[str, Any], metric: Metric, name: str) -> Measurement | None:
    """Reads one metric from a dictionary of `Interval.to_dict()` values, if it is there."""
    measured = figures.get(metric.key)
    if measured is None:
        return None
    blind = figures.get(metric.key + metric.blind_suffix, {"mean": 0.0})
    # Where the plain picture itself was measured, that is the most there is to get.
    ceiling = figures.get(metric.key + "_ceiling", {"mean": metric.ceiling})
    return Measurement(
        name,
        f"{writing.count(measured['count'])} images",
        measured["mean"],
        measured["low"],
        measured["high"],
        measured["count"],
        blind["mean"],
        ceiling["mean"],
        metric.write,
    )


def accuracy(name: str, note: str, share: float, images: int, *, guessing: float) -> Measurement:
    """A share of images classified correctly, with Wilson's 95% interval (Wilson 1927)."""
    z = 1.959964
    centre = (share + z * z / (2 * images)) / (1 + z * z / images)
    spread = math.sqrt(share * (1 - share) / images + (z / (2 * images)) ** 2)
    spread *= z / (1 + z * z / images)
    return Measurement(
        name,
        note,
        share,
        max(centre - spread, 0.0),
        min(centre + spread, 1.0),
        images,
        guessing,
    )
