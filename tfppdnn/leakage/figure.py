"""A figure of what leaks, with all that it takes to judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfppdnn.leakage.intervals import Interval
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.measures import MEASURES, Measure

Figures = dict[str, "Figure"]
"""Of one set of images, by the keys of `MEASURES`."""


@dataclass(frozen=True, repr=False)
class Figure:
    """What a measure found on a set of images, between knowing nothing and hiding nothing.

    Attributes:
        measure: What was measured.
        interval: The mean over the images, with its 95% interval and their count.
        blind: What knowing nothing scores, the measure's floor or chance.
        ceiling: What the plain images themselves score.
    """

    measure: Measure
    interval: Interval
    blind: Interval
    ceiling: Interval

    @property
    def value(self) -> float:
        """The mean."""
        return self.interval.mean

    @property
    def low(self) -> float:
        """Lower end of its interval."""
        return self.interval.low

    @property
    def high(self) -> float:
        """Upper end of its interval."""
        return self.interval.high

    @property
    def count(self) -> int:
        """Images it was measured on."""
        return self.interval.count

    @property
    def share(self) -> float:
        """How far the value is on the way from knowing nothing, 0, to the ceiling, 1."""
        return share_of_the_way(self.value, self.blind.mean, self.ceiling.mean)

    @property
    def level(self) -> Level:
        """How much shows by this measure; nothing if the interval reaches knowing nothing."""
        return Level.of(self.share) if self.low > self.blind.mean else Level.NOTHING

    @property
    def beside_blind(self) -> str:
        """The value, and in brackets what knowing nothing scores, for a table's cell."""
        return f"{self.measure.write(self.value)} ({self.measure.write(self.blind.mean)})"

    def __repr__(self) -> str:
        low, high = (self.measure.write(end) for end in (self.low, self.high))
        return f"Figure({self.measure.key}: {self.beside_blind}, 95% {low} to {high}, {self.count})"

    def to_dict(self) -> dict[str, dict[str, float | int]]:
        """Its entries in a record: its own, that of knowing nothing and that of the ceiling."""
        key = self.measure.key
        return {
            key: self.interval.to_dict(),
            key + self.measure.blind_suffix: self.blind.to_dict(),
            f"{key}_ceiling": self.ceiling.to_dict(),
        }


def how_much(figure: Figure) -> tuple[Level, float]:
    """Orders figures by how much shows."""
    return figure.level, figure.share


def telling(figures: Figures) -> Figure:
    """The figure by which most shows, of those that judge."""
    judged = (figure for figure in figures.values() if figure.measure.judged)
    return max(judged, key=how_much)


def share_of_the_way(value: float, blind: float, ceiling: float = 1.0) -> float:
    """How far a value is on the way from knowing nothing, 0, to hiding nothing, 1."""
    return (value - blind) / max(ceiling - blind, 1e-9)


def to_record(figures: Figures) -> dict[str, dict[str, float | int]]:
    """Writes figures as they stand in `metrics.json` and `audit.json`.

    Args:
        figures: Of one set of images.
    """
    return {key: one for figure in figures.values() for key, one in figure.to_dict().items()}


def from_record(
    record: Mapping[str, Mapping[str, Any]] | None, measures: Mapping[str, Measure] = MEASURES
) -> Figures:
    """Reads all figures of one set of images, in the order of the measures.

    Args:
        record: A `leakage` of a `metrics.json` or an `audit.json`, of this version or an earlier
            one: what was not measured then is left out, and a ceiling that was not is the
            measure's own.
        measures: By key.
    """
    return {
        key: figure_of(measure, record)
        for key, measure in measures.items()
        if key in (record or {})
    }


def figure_of(measure: Measure, record: Mapping[str, Mapping[str, Any]]) -> Figure:
    """Reads one figure, see `from_record`."""
    interval = Interval(**record[measure.key])

    def bound(suffix: str, unless_measured: float) -> Interval:
        found = record.get(measure.key + suffix)
        return Interval(**found) if found else exactly(unless_measured, interval.count)

    return Figure(
        measure, interval, bound(measure.blind_suffix, 0.0), bound("_ceiling", measure.ceiling)
    )


def exactly(value: float, count: int) -> Interval:
    """What is known and not estimated."""
    return Interval(mean=value, low=value, high=value, count=count)
