"""What the parts of a frontier's point have found, collected from their folders."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tfppdnn.experiments.frontier_points import Point
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
    audited = RunFolder(point.audited.folder, record="audit.json").metrics()
    rows = {name: audited["attacks"][name] for name in point.audited.options["attacks"]}
    protected = audited["protected"]["leakage"]
    return {
        "name": point.name,
        "kind": point.kind,
        "objective": point.objective,
        "weight": point.weight,
        "value": point.value,
        "accuracy": {key: accuracy[key] for key in ("test_accuracy", "test_images", "epochs")},
        "attacks": {name: row["status"] for name, row in rows.items()},
        "leakage": {name: strongest(rows, name) for name in LEAKAGE},
        "protected": {name: _beside_bounds(protected, name) for name in SHOWN},
        "commands": [
            command_line(part.verb, {**part.options, "out": part.folder}, seen_from=folder)
            for part in point.parts
        ],
    }


def strongest(rows: Mapping[str, Mapping[str, Any]], measure: str) -> dict[str, Any]:
    """Picks the attack whose reconstructions have most of a measure.

    One that failed by it is picked only if all did. By likeness it failed if it failed as a
    whole. A share of pictures that were matched or recognised is evidence by itself, as soon as
    its interval lies above chance.

    Args:
        rows: Of the `attacks` of an `audit.json`, some with reconstructions.
        measure: One of `LEAKAGE`.

    Returns:
        Its mean, interval, count and bounds, the name of the attack, and its `status`.
    """
    from tfppdnn.audit.auditor import FAILED, WORKED

    def status(name: str) -> str:
        leakage = rows[name]["leakage"]
        if f"{measure}_chance" not in leakage:
            return rows[name]["status"]
        return WORKED if leakage[measure]["low"] > leakage[f"{measure}_chance"]["mean"] else FAILED

    def strength(name: str) -> tuple[bool, float]:
        return status(name) == WORKED, rows[name]["leakage"][measure]["mean"]

    best = max(rows, key=strength)
    figures = _beside_bounds(rows[best]["leakage"], measure)
    return {**figures, "attack": best, "status": status(best)}


def matched(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Picks the attack, and the way to match, by which most reconstructions find their own.

    Args:
        rows: As in `strongest`; those of earlier versions were matched by Euclid only.

    Returns:
        As `strongest`.
    """
    from tfppdnn.audit.auditor import WORKED
    from tfppdnn.leakage.matching import WAYS_TO_MATCH

    by_way = {
        way: {name: row for name, row in rows.items() if way in row["leakage"]}
        for way in WAYS_TO_MATCH
    }
    found = [strongest(able, way) for way, able in by_way.items() if able]
    return max(found, key=lambda one: (one["status"] == WORKED, one["mean"]))


def _beside_bounds(figures: Mapping[str, Mapping[str, float]], measure: str) -> dict[str, Any]:
    """A measure, with what knowing nothing (floor or chance) and the plain images score."""
    bounds = {
        bound: figures[f"{measure}_{bound}"]["mean"]
        for bound in ("floor", "chance", "ceiling")
        if f"{measure}_{bound}" in figures
    }
    return {**figures[measure], **bounds}
