"""The picture of a frontier: two panels of leakage, accuracy upwards."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from tfppdnn.experiments.frontier_figures import figure_in_short
from tfppdnn.leakage.judgement import FAILED
from tfppdnn.leakage.measures import MEASURES

# Colours of Okabe and Ito, which colour-blind readers can tell apart; shapes tell them too.
_OBJECTIVES = (("#0072B2", "o"), ("#D55E00", "D"), ("#56B4E9", "v"), ("#E69F00", "<"))
_KINDS = {
    "cipher": ("#009E73", "s", "ciphers"),
    "baseline": ("#555555", "^", "simpler: blur, large pixels, PCA, the label, nothing"),
    "yours": ("#CC79A7", "P", "further protectors"),
}
_GREY = "#888888"
# Where a label may go, in points from its marker: the first place that is free.
_PLACES = [
    (distance * right, distance * up)
    for distance in (6, 13, 22, 32)
    for right, up in ((1, 0), (0.7, 0.8), (0.7, -0.8), (-1, 0), (-0.7, 0.8), (-0.7, -0.8))
] + [(0, 12), (0, -12), (0, 24), (0, -24)]


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """One kind of leakage.

    Attributes:
        measure: Its key.
        percent: Whether shares of 1 are drawn as percentages, small ones far apart.
        label: What it is.
        blind_label: What the dashed line is.
    """

    measure: str
    percent: bool
    label: str
    blind_label: str

    def drawn(self, share: float) -> float:
        return 100 * share if self.percent else share


_PANELS = (
    _Panel(
        measure="affine_ssim",
        percent=False,
        label="likeness of what the protector's owner gets back\n(affine SSIM",
        blind_label="mean image",
    ),
    _Panel(
        measure="reidentification",
        percent=True,
        label="reconstructions matched to their picture\n(%, logarithmic",
        blind_label="chance",
    ),
)


def frontier_picture(points: Sequence[Mapping[str, Any]]) -> bytes:
    """Draws accuracy against both kinds of leakage.

    Args:
        points: The `points` of a `frontier.json`.

    Returns:
        A PNG, to be shown about 900 pixels wide.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 5), dpi=200)
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, 2, sharey=True)
    figure.subplots_adjust(left=0.075, right=0.985, top=0.93, bottom=0.25, wspace=0.06)
    accuracies = [_accuracy(point) for point in points]
    margin = 0.1 * (max(accuracies) - min(accuracies)) + 1
    panels[0].set_ylim(min(accuracies) - margin, max(accuracies) + margin)
    panels[0].set_ylabel("accuracy on protected images, %\n(dashed: on plain images)")
    for axes, panel in zip(panels, _PANELS, strict=True):
        _draw(axes, panel, points)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="lower center", ncols=3, fontsize=8.5, frameon=False)
    for axes, panel in zip(panels, _PANELS, strict=True):
        _label(axes, panel, points)
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def _accuracy(point: Mapping[str, Any]) -> float:
    return 100 * point["accuracy"]["test_accuracy"]


def _draw(axes, panel: _Panel, points: Sequence[Mapping[str, Any]]) -> None:
    kept, measure = points[0]["leakage"][panel.measure], MEASURES[panel.measure]
    blind = panel.drawn(figure_in_short(kept, measure).blind.mean)
    _draw_frame(axes, panel, blind)
    for point in points:
        if point["name"] == "plain":
            axes.axhline(_accuracy(point), color=_GREY, linestyle="--", linewidth=1, zorder=0)
    for points_of_one, colour, marker, label in _series(points):
        line = "-" if points_of_one[0]["objective"] else ""
        at = [(_leakage(point, panel), _accuracy(point)) for point in points_of_one]
        axes.plot(*zip(*at, strict=True), ls=line, color=colour, linewidth=1.3, zorder=2)
        for (x, y), point in zip(at, points_of_one, strict=True):
            found = point["leakage"][panel.measure]
            inside = "white" if found["status"] == FAILED else colour
            axes.hlines(y, panel.drawn(found["low"]), panel.drawn(found["high"]), colour, lw=0.8)
            axes.plot(x, y, marker, markersize=6.5, mec=colour, mfc=inside, zorder=3)
        axes.plot([], [], marker, ls=line, color=colour, label=label)
    axes.plot([], [], "o", mec="black", mfc="white", label="open: no more than by knowing nothing")


def _draw_frame(axes, panel: _Panel, blind: float) -> None:
    axes.axvline(blind, color=_GREY, linestyle="--", linewidth=1, zorder=0)
    axes.set_xlabel(f"{panel.label}; dashed: {panel.blind_label}, {blind:.2g})", fontsize=9)
    axes.set_title("\N{NORTH WEST ARROW} better", loc="left", fontsize=10, weight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(labelsize=8.5)
    if panel.percent:
        axes.set_xscale("symlog", linthresh=blind, linscale=0.5)
        ticks = [0, *(tick for tick in (0.01, 0.1, 1, 10, 100) if tick > blind)]
        axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
        axes.set_xticks([], minor=True)
        axes.set_xlim(-0.4 * blind, 160)


def _leakage(point: Mapping[str, Any], panel: _Panel) -> float:
    return panel.drawn(point["leakage"][panel.measure]["mean"])


def _series(points: Sequence[Mapping[str, Any]]):
    """Yields what has a line in the legend: its points, colour, marker and label."""
    objectives = dict.fromkeys(point["objective"] for point in points if point["objective"])
    for objective, (colour, marker) in zip(objectives, _OBJECTIVES, strict=False):
        curve = [point for point in points if point["objective"] == objective]
        curve.sort(key=lambda point: point["value"])
        yield curve, colour, marker, f"{objective}, by its {curve[0]['weight']}"
    for kind, (colour, marker, label) in _KINDS.items():
        of_kind = [point for point in points if point["kind"] == kind]
        if of_kind:
            yield of_kind, colour, marker, label


def _label(axes, panel: _Panel, points: Sequence[Mapping[str, Any]]) -> None:
    """Writes a point's value or name where it hides nothing, or leaves it out."""
    # By hand: adjustText writes across markers where many stand in a column, as they do here.
    from matplotlib.text import Text

    figure = axes.get_figure()
    figure.draw_without_rendering()
    taken = _obstacles(axes, panel, points)
    right_end = axes.bbox.x1 + 10 * figure.dpi / 72
    # Upper points first: most labels go to the right, and those below move out of the way.
    for point in sorted(points, key=_accuracy, reverse=True):
        for place in _PLACES:
            note = axes.annotate(
                point["name"] if point["value"] is None else f"{point['value']:g}",
                (_leakage(point, panel), _accuracy(point)),
                place,
                textcoords="offset points",
                ha="center" if not place[0] else "left" if place[0] > 0 else "right",
                va="center",
                fontsize=8,
                zorder=1,
                arrowprops={"arrowstyle": "-", "lw": 0.4, "color": _GREY, "shrinkA": 0},
            )
            note.update_positions(figure.canvas.get_renderer())
            box = Text.get_window_extent(note)  # Without the line to its marker.
            inside = axes.bbox.x0 <= box.x0 and box.x1 <= right_end
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            note.remove()


def _obstacles(axes, panel: _Panel, points: Sequence[Mapping[str, Any]]) -> list:
    """Boxes in pixels around all that a label must not hide: markers, intervals, lines."""
    from matplotlib.transforms import Bbox

    to_pixels = axes.transData.transform
    radius = 4 * axes.get_figure().dpi / 72
    boxes = []
    for point in points:
        found, accuracy = point["leakage"][panel.measure], _accuracy(point)
        centre = to_pixels((panel.drawn(found["mean"]), accuracy))
        ends = to_pixels([(panel.drawn(found[end]), accuracy) for end in ("low", "high")])
        boxes += [Bbox([centre - radius, centre + radius]), Bbox(ends).padded(1)]
    for points_of_one, *_ in _series(points):
        if points_of_one[0]["objective"]:
            at = to_pixels([(_leakage(point, panel), _accuracy(point)) for point in points_of_one])
            for start, end in pairwise(at):
                on_line = [start + (end - start) * step / 50 for step in range(51)]
                boxes += [Bbox([spot - 2, spot + 2]) for spot in on_line]
    for line in axes.lines:
        if line.get_linestyle() == "--":
            boxes.append(line.get_window_extent().padded(1))
    return boxes
