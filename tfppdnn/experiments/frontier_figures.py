"""What the parts of a frontier's point have found, collected from their folders."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tfppdnn.audit.folder import audit_folder
from tfppdnn.experiments.frontier_points import Point
from tfppdnn.leakage.figure import Figure, exactly, from_record
from tfppdnn.leakage.intervals import Interval
from tfppdnn.leakage.judgement import FAILED, WORKED, worked_by
from tfppdnn.leakage.matching import WAYS_TO_MATCH
from tfppdnn.leakage.measures import Measure
from tfppdnn.reports.command import command_line
from tfppdnn.run_folder import RunFolder

LEAKAGE = ("affine_ssim", "ssim", "reidentification", "recognition")
"""What is reported of reconstructions."""

SHOWN = ("contour_correlation", "orientation_agreement")
"""What is reported of the protected images themselves."""


def figures_of(point: Point, folder: Path) -> dict[str, Any]:
    """Collects what a point's finished parts have recorded, ready for JSON.

    Args:
        point: The point.
        folder: The frontier's.
    """
    classified = RunFolder(point.classified.folder).metrics()["classify"]
    (accuracy,) = classified.values()
    audited = audit_folder(point.audited.folder).metrics()
    rows = {name: audited["attacks"][name] for name in point.audited.options["attacks"]}
    protected = from_record(audited["protected"]["leakage"])
    return {
        "name": point.name,
        "kind": point.kind,
        "objective": point.objective,
        "weight": point.weight,
        "value": point.value,
        "accuracy": {key: accuracy[key] for key in ("test_accuracy", "test_images", "epochs")},
        "attacks": {name: row["status"] for name, row in rows.items()},
        "leakage": {name: strongest(rows, name) for name in LEAKAGE},
        "protected": {name: in_short(protected[name]) for name in SHOWN},
        "commands": [
            command_line(part.verb, {**part.options, "out": part.folder}, seen_from=folder)
            for part in point.parts
        ],
    }


def strongest(rows: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Any]:
    """Picks the attack whose reconstructions have most of a measure.

    One that failed, or that got no more of it than knowing nothing does, is picked only if all did.

    Args:
        rows: Of the `attacks` of an `audit.json`, some with reconstructions.
        measure: One of `LEAKAGE`.

    Returns:
        Its mean, interval, count and bounds, the name of the attack, and its `status` by this
        measure.
    """
    return _strongest(rows, [measure])


def matched(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Picks the attack, and the way to match, by which most reconstructions find their own.

    Args:
        rows: As in `strongest`; those of earlier versions were matched by Euclid only.

    Returns:
        As `strongest`.
    """
    return _strongest(rows, WAYS_TO_MATCH)


def _strongest(rows: Mapping[str, Mapping[str, Any]], measures: Sequence[str]) -> dict[str, Any]:
    found = [
        (worked_by(row["status"], figures[measure]), figures[measure], name)
        for name, row in rows.items()
        for figures in (from_record(row["leakage"]),)
        for measure in measures
        if measure in figures
    ]
    worked, figure, attack = max(found, key=lambda one: (one[0], one[1].value))
    return {**in_short(figure), "attack": attack, "status": WORKED if worked else FAILED}


def in_short(figure: Figure) -> dict[str, Any]:
    """A figure as a frontier keeps it: of its bounds the means only."""
    blind = figure.measure.blind_suffix.removeprefix("_")
    bounds = {blind: figure.blind.mean, "ceiling": figure.ceiling.mean}
    return {**figure.interval.to_dict(), **bounds}


def figure_in_short(kept: Mapping[str, Any], measure: Measure) -> Figure:
    """Reads what `in_short` wrote."""
    blind = exactly(kept[measure.blind_suffix.removeprefix("_")], kept["count"])
    ceiling = exactly(kept.get("ceiling", measure.ceiling), kept["count"])
    interval = Interval(*(kept[key] for key in ("mean", "low", "high", "count")))
    return Figure(measure, interval, blind, ceiling)


def points_in_short(run: RunFolder) -> dict[str, dict[str, Any]]:
    """The few figures of each point that are printed, by its name.

    Args:
        run: A frontier's folder.
    """
    return {
        point["name"]: {
            "accuracy": point["accuracy"]["test_accuracy"],
            **{name: round(figure["mean"], 4) for name, figure in point["leakage"].items()},
            "attacks": point["attacks"],
        }
        for point in run.metrics()["frontier"]["points"]
    }
