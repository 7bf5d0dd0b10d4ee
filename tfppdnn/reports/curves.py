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
_TEXT_INCHES = 0.17  # A line of text, with what parts it from the next.
_AROUND_INCHES = 0.8  # Title and numbers of a panel.
_SHARE = "accuracy"
_TO_FALL = ("loss", "classification", "reconstruction", "features", "restored")
_TO_RISE = ("accuracy", "perceptual")


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
    drawn = [
        (title, unit, curves, [row["step"] for row in history])
        for title, history in histories.items()
        for unit, curves in _by_axis(history)
    ]
    # More curves get a higher panel.
    heights = [1.6 + 0.25 * len(curves) for _, _, curves, _ in drawn]
    figure = Figure(figsize=(8.2, sum(heights)), dpi=130, layout="constrained")
    figure.get_layout_engine().set(w_pad=0.2, h_pad=0.15)
    panels = figure.subplots(len(drawn), squeeze=False, height_ratios=heights)[:, 0]
    for axes, height, (title, unit, curves, steps) in zip(panels, heights, drawn, strict=True):
        _draw(axes, f"{title}: {unit}", curves, steps, _TEXT_INCHES / (height - _AROUND_INCHES))
    png = io.BytesIO()
    figure.savefig(png, format="png", metadata={"Software": None})
    return png.getvalue()


def caption_of_curves(metrics: Mapping[str, Any]) -> str:
    """Says of the curves that are drawn, and of no others, which way they are to go.

    Args:
        metrics: `metrics.json`.
    """
    names = {
        name
        for stage in STAGES
        for row in metrics.get(stage, {}).get("history") or []
        for name in row
    }
    falling = [name for name in _TO_FALL if name in names]
    rising = [name for name in _TO_RISE if name in names]
    sentences = ["Means between two checkpoints."]
    if rising:
        sentences.append(f"To rise: {', '.join(rising)}.")
    if falling:
        sentences.append(f"To fall: {', '.join(falling)}.")
    if any("discriminator" in name for name in names):
        sentences.append("Discriminators and those that they judge hold each other in balance.")
    return " ".join(sentences)


def _by_axis(history: Sequence[Mapping[str, float]]) -> list[tuple[str, dict[str, list[float]]]]:
    """Parts losses and accuracy, which have nothing to do with each other's scale."""
    names = [name for name in dict.fromkeys(key for row in history for key in row)]
    names.remove("step")
    curves = {name: [row.get(name, math.nan) for row in history] for name in names}
    shares = {name: curves.pop(name) for name in names if name == _SHARE}
    return [(unit, of) for unit, of in (("losses", curves), (_SHARE, shares)) if of]


def _draw(
    axes: Axes,
    title: str,
    curves: Mapping[str, Sequence[float]],
    steps: Sequence[float],
    line: float,
) -> None:
    ends = []
    for (name, values), colour in zip(curves.items(), _COLOURS * len(curves), strict=False):
        axes.plot(steps, values, color=colour, linewidth=1.6)
        ends.append((values[-1], name.replace("_", " "), colour))
    if _SHARE in curves:
        axes.set_ylim(0, 1)
        axes.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.set_title(title, loc="left", fontsize=11, color=_INK, fontweight="bold")
    axes.set_xlabel("training steps", fontsize=9, color=_INK)
    axes.set_xlim(left=0, right=steps[-1])
    axes.grid(axis="y", color=_FAINT, linewidth=0.6)
    axes.tick_params(labelsize=9, colors=_INK, length=0)
    axes.xaxis.set_major_formatter(lambda step, _: f"{step:,.0f}")
    for side, spine in axes.spines.items():
        spine.set_visible(side == "bottom")
        spine.set_color(_FAINT)
    _label_ends(axes, ends, line)


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], line: float) -> None:
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
        lowest = max(height, lowest + line)
        placed.append((lowest, height, name, colour))
    # If they were pushed out of the panel, push them back down from the top.
    highest = 1.02
    for height, end, name, colour in reversed(placed):
        highest = min(height, highest)
        axes.annotate(
            name,
            xy=(1, end),
            xytext=(1.04, highest),
            xycoords="axes fraction",
            textcoords="axes fraction",
            va="center",
            fontsize=9,
            color=colour,
            annotation_clip=False,
            # To its line, which is at another height where names would meet.
            arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.7, "relpos": (0, 0.5)},
        )
        highest -= line
