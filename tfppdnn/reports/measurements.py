"""Rows of a table of figures, each beside what knowing nothing gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from tfppdnn import writing
from tfppdnn.leakage.figure import Figure, exactly, from_record
from tfppdnn.leakage.intervals import wilson_interval
from tfppdnn.leakage.measures import ACCURACY, MEASURES, Measure


class Measurement(NamedTuple):
    """A row of a table.

    Attributes:
        name: What was measured.
        note: On what.
        figure: What was found.
    """

    name: str
    note: str
    figure: Figure

    def written(self, value: float) -> str:
        """Writes a value as this measure's are."""
        return self.figure.measure.write(value)

    def along(self, value: float) -> float:
        """Where a value lies between 0 and the end of the line, in percent of the way."""
        return round(100 * min(max(value / self.figure.measure.ceiling, 0.0), 1.0), 2)


def measurements_of(
    record: Mapping[str, Any] | None, measures: Mapping[str, Measure] = MEASURES
) -> dict[str, Measurement]:
    """Reads every measure that is there from a `leakage` of a record, by its key."""
    return {key: leaked(figure) for key, figure in from_record(record, measures).items()}


def leaked(figure: Figure, name: str | None = None) -> Measurement:
    """A row for a figure of what leaks, named after its measure unless it is said otherwise."""
    return Measurement(name or figure.measure.name, f"{writing.count(figure.count)} images", figure)


def accuracy(name: str, note: str, share: float, images: int, *, guessing: float) -> Measurement:
    """A row for a share of images that were classified correctly, beside always guessing."""
    found = replace(wilson_interval(round(share * images), images), mean=share)
    figure = Figure(ACCURACY, found, exactly(guessing, images), exactly(1.0, images))
    return Measurement(name, note, figure)
