"""Loss curves: one panel a stage."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

STAGES = {
    "reference_classifier": "Reference classifier",
    "preliminary_images": "Preliminary images",
    "transformation_network": "Transformation network",
}
"""The stages of `train` that keep a history, in their order, and their names."""

# Okabe and Ito's colours, told apart by colour-blind readers too.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#8A6D00", "#5A5A5A", "#000000")
_INK, _FAINT = "#40444c", "#d5d8de"
_LINE_HEIGHT = 0.085  # Of a panel.


def draw_curves(metrics: Mapping[str, Any]) -> bytes | None:
    """Draws every figure of every stage's history over its steps.

    Args:
        metrics: `metrics.json`.

    Returns:
        A PNG, or None if no stage has a history of two points.
    """
    histories = {
        title: history
        for stage, title in STAGES.items()
        if len(history := metrics.get(stage, {}).get("history") or []) > 1
    }
    if not histories:
        return None
    # A stage with more curves gets a higher panel.
    heights = [2.0 + 0.2 * len(history[-1]) for history in histories.values()]
    figure = Figure(figsize=(8.2, sum(heights)), dpi=130, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.2, h_pad=0.15)
    panels = figure.subplots(len(histories), squeeze=False, height_ratios=heights)[:, 0]
    for axes, (title, history) in zip(panels, histories.items(), strict=True):
        _draw_stage(axes, title, history)
    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()


def _draw_stage(axes: Axes, title: str, history: Sequence[Mapping[str, float]]) -> None:
    names = [name for name in dict.fromkeys(key for row in history for key in row)]
    names.remove("step")
    steps = [row["step"] for row in history]
    ends = []
    for name, colour in zip(names, _COLOURS * len(names), strict=False):
        values = [row.get(name, math.nan) for row in history]
        axes.plot(steps, values, color=colour, linewidth=1.6)
        ends.append((values[-1], name.replace("_", " "), colour))

    axes.set_title(title, loc="left", fontsize=11, color=_INK, fontweight="bold")
    axes.set_xlabel("training steps", fontsize=9, color=_INK)
    axes.set_xlim(left=0, right=steps[-1])
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)
    axes.tick_params(labelsize=9, colors=_INK, length=0)
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_FAINT)
    _label_ends(axes, ends)


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]]) -> None:
    """Names each curve at its right end, moved just enough that no two names meet."""
    low, high = axes.get_ylim()
    heights = [
        ((value - low) / (high - low), name, colour)
        for value, name, colour in ends
        if math.isfinite(value)
    ]
    heights.sort()
    lowest = -math.inf
    placed = []
    for height, name, colour in heights:
        lowest = max(height, lowest + _LINE_HEIGHT)
        placed.append((lowest, name, colour))
    # If they were pushed out of the panel, push them back down from the top.
    highest = 1.02
    for height, name, colour in reversed(placed):
        highest = min(height, highest)
        axes.text(
            1.01, highest, name, transform=axes.transAxes, va="center", fontsize=9, color=colour
        )
        highest -= _LINE_HEIGHT
