"""Accuracy against leakage: `frontier.md`, and its picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfppdnn import writing
from tfppdnn.experiments.frontier_figures import figure_in_short
from tfppdnn.experiments.frontier_picture import frontier_picture
from tfppdnn.files import write_bytes, write_text
from tfppdnn.leakage.judgement import FAILED
from tfppdnn.leakage.measures import MEASURES
from tfppdnn.reports.markdown import table
from tfppdnn.run_folder import RunFolder

# Heads of the columns.
_LEAKAGE = {
    "affine_ssim": "affine SSIM",
    "ssim": "SSIM",
    "reidentification": "matched",
    "recognition": "recognised",
}
_SHOWN = {
    "contour_correlation": "contours",
    "orientation_agreement": "outlines",
}
_EXPLAINED = """\
*accuracy*: of a ResNet-18 that was trained on protected images. *affine SSIM*, *SSIM*, *matched*
and *recognised*: of what comes back to whoever owns the protector and trains a network that undoes
it; of several attacks, the one that gets most of each. *matched*: reconstructions whose own picture
is the nearest of all (Euclidean; the audits' `cosine_reidentification` also matches faint ones).
*recognised*: by a classifier of plain images. *contours* (their correlation) and *outlines*
(agreement of their orientation): of the protected images themselves. In brackets what knowing
nothing gives. *failed*: by this measure no attack got more than knowing nothing does, which proves
nothing about the protector. 95% intervals stand in `frontier.json`."""


def write_frontier(run: RunFolder) -> None:
    """Writes `frontier.md` and `figures/frontier.png`.

    Args:
        run: The frontier's folder, with its `config.json` and `frontier.json`.
    """
    points, config = run.metrics()["frontier"]["points"], run.config()
    write_text(run.path / "frontier.md", _page(points, config))
    write_bytes(run.figures / "frontier.png", frontier_picture(points))


def frontier_table(points: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[str]]]:
    """Writes the table's cells, the most accurate protector first.

    Args:
        points: The `points` of a `frontier.json`.

    Returns:
        A header, and a line a point.
    """
    header = ["Protector", "accuracy", *_LEAKAGE.values(), "strongest"]
    header += _SHOWN.values()
    lines = []
    for point in sorted(points, key=lambda point: -point["accuracy"]["test_accuracy"]):
        leakage, protected = point["leakage"], point["protected"]
        line = [point["name"], writing.percent(point["accuracy"]["test_accuracy"])]
        line += [_cell(leakage[key], key) for key in _LEAKAGE]
        line.append(leakage["affine_ssim"]["attack"])
        line += [_cell(protected[key], key) for key in _SHOWN]
        lines.append(line)
    return header, lines


def _cell(kept: Mapping[str, Any], key: str) -> str:
    text = figure_in_short(kept, MEASURES[key]).beside_blind
    return f"{text} failed" if kept.get("status") == FAILED else text


def _page(points: Sequence[Mapping[str, Any]], config: Mapping[str, Any]) -> str:
    header, lines = frontier_table(points)
    tests = points[0]["accuracy"]["test_images"]
    attacked = points[0]["leakage"]["affine_ssim"]["count"]
    text = [
        "# Accuracy against leakage",
        "",
        f"Preset `{config['preset']}`, {_dataset_name(config['dataset'])} at "
        f"{config['dataset']['image_size']}x{config['dataset']['image_size']} pixels. Accuracy on "
        f"{writing.count(tests)} test images, leakage on {writing.count(attacked)} of them.",
        "",
        "![Accuracy against leakage](figures/frontier.png)",
        "",
        table(header, lines),
        "",
        _EXPLAINED,
        "",
        "## Commands",
        "",
        "To be given in this folder, in this order; DIR is where the data sets are. Folders of "
        "runs that lay elsewhere have their last name only.",
    ]
    for point in points:
        text += ["", f"{point['name']}:", "", "```", *point["commands"], "```"]
    return "\n".join(text) + "\n"


def _dataset_name(dataset: Mapping[str, Any]) -> str:
    """Writes a folder without what leads to it; other names may have a slash of their own."""
    is_folder = dataset["version"].startswith("folder ")
    return dataset["name"].rsplit("/", 1)[-1] if is_folder else dataset["name"]
