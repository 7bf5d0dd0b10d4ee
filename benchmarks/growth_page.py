"""The picture and the table of how things grow, from the record that `growth` keeps.

`python -m benchmarks.growth_page [FOLDER]` draws them again without measuring.
"""

from __future__ import annotations

import math
import re
import sys
from pathlib import Path
from typing import Any

from benchmarks.growth_estimates import IMAGES, estimates
from benchmarks.records import FOLDER
from tfppdnn.files import read_json, write_text
from tfppdnn.reports import markdown

_PAGE = Path(__file__).resolve().parents[1] / "docs" / "presets.md"
_BEGIN, _END = "<!-- growth: written by `python -m benchmarks growth` -->", "<!-- /growth -->"
_AXES = {
    "size": "side of the picture, pixels",
    "images": "number of pictures, of 32x32",
    "batch": "batch, of 32x32",
    "width": "width of the networks, of the preset cpu's",
}

Point = dict[str, Any]


def write(record: dict[str, Any], folder: Path) -> None:
    """Draws the picture beside a record; the published one also goes into docs/presets.md.

    Args:
        record: As `growth` makes it.
        folder: Where the record is.
    """
    draw(record["points"], folder / "growth.png")
    if folder.resolve() == FOLDER:
        page = _PAGE.read_text()
        between = re.compile(f"{re.escape(_BEGIN)}.*{re.escape(_END)}", re.DOTALL)
        made = f"{_BEGIN}\n\n{table(record['points'])}\n\n{_END}"
        write_text(_PAGE, between.sub(lambda _: made, page))


def table(points: list[Point]) -> str:
    """Returns how long an image takes at each size, the memory, and whole verbs, as Markdown."""
    sizes = sorted({point["size"] for point in points})
    squares = [f"{size}x{size}" for size in sizes]
    by_size, by_others = [], []
    for part, own in _parts(points).items():
        name = f"`{own[0]['verb']}`: {part}"
        at = _by(own, "size")
        if list(at) == sizes:
            cells = [f"{_time(p['seconds'])}, {_memory(p['peak_mib'])}" for p in at.values()]
            # Pixels are the side squared.
            by_size.append([name, *cells, f"{_power(at, 'size') / 2:.2f}"])
        for axis in ("images", "batch", "width"):
            at = _by(own, axis)
            first = next(iter(at.values()), None)
            for value, point in at.items() if len(at) > 1 else ():
                by_others.append(
                    [
                        name,
                        f"{axis} {value:g}",
                        f"{_time(point['seconds'])}, {_memory(point['peak_mib'])}",
                        f"{point['seconds'] / first['seconds']:.2f}",
                    ]
                )
    whole = [
        [
            row["command"],
            *(f"{_time(seconds)}, {gib:.1f} GiB" for seconds, gib in row["at"].values()),
        ]
        for row in estimates(points)
    ]
    parts = [
        markdown.table(["", *squares, "pixels to the power of"], by_size),
        f"Added up for {IMAGES:,} training pictures on the two cores, every picture in memory:",
        markdown.table(["", *squares], whole),
        "With more pictures, larger batches and wider networks, at 32x32, an image:",
        markdown.table(["", "images, batch, width", "time, memory", "of the first"], by_others),
    ]
    return "\n\n".join(parts)


def draw(points: list[Point], path: Path) -> None:
    """Draws time and memory against size, number, batch and width, a column each.

    Args:
        points: As in the record.
        path: A PNG file to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        2, len(_AXES), figsize=(16, 8), sharex="col", sharey="row", constrained_layout=True
    )
    for column, (axis, title) in enumerate(_AXES.items()):
        for row, (key, scale) in enumerate((("seconds", 1000), ("peak_mib", 1 / 1024))):
            _panel(axes[row][column], points, axis, key, scale)
        axes[1][column].set_xlabel(title)
    _guide(axes[0][0], points)
    axes[0][0].set_ylabel("milliseconds an image")
    axes[1][0].set_ylabel("peak memory of the process, GiB")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside right upper")
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _panel(panel: Any, points: list[Point], axis: str, key: str, scale: float) -> None:
    """Draws a line for each part that was measured along an axis, always in the same colour."""
    panel.set_xscale("log")
    panel.set_yscale("log")
    seen = set()
    for number, (part, own) in enumerate(_parts(points).items()):
        at = _by(own, axis)
        if len(at) < 2:
            at = {}  # It keeps its place in the legend.
        values = [point[key] * scale for point in at.values()]
        label = f"{own[0]['verb']}: {part}"
        # Ten colours: the lines after that are dashed.
        style = "o-" if number < 10 else "o--"
        panel.plot(list(at), values, style, color=f"C{number % 10}", label=label, markersize=4)
        seen |= set(at)
    panel.set_xticks(sorted(seen), [f"{value:g}" for value in sorted(seen)])
    panel.tick_params(axis="x", labelsize=8)
    panel.xaxis.minorticks_off()
    panel.yaxis.set_major_locator(_ticker().LogLocator(subs=(1, 2, 5)))
    panel.yaxis.set_major_formatter(_ticker().FuncFormatter(lambda value, _: f"{value:g}"))
    panel.yaxis.set_minor_locator(_ticker().NullLocator())
    panel.grid(alpha=0.25)


def _guide(panel: Any, points: list[Point]) -> None:
    """A line that grows as the pixels do, below the others, to hold them against."""
    sizes = sorted({point["size"] for point in points})
    lowest = min(1000 * point["seconds"] for point in points if point["size"] == sizes[0]) / 2
    panel.plot(
        [sizes[0], sizes[-1]],
        [lowest, lowest * (sizes[-1] / sizes[0]) ** 2],
        ":",
        color="grey",
        label="as the pixels",
    )


def _ticker() -> Any:
    from matplotlib import ticker

    return ticker


def _parts(points: list[Point]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {}
    for point in points:
        found.setdefault(point["part"], []).append(point)
    return found


def _by(points: list[Point], axis: str) -> dict[float, Point]:
    """The points of a part along one axis, the others being what they are most often."""
    others = [name for name in ("size", "images", "batch", "width") if name != axis]
    first = points[0]
    along = [p for p in points if all(p.get(name) == first.get(name) for name in others)]
    return {p[axis]: p for p in sorted(along, key=lambda p: p.get(axis, 0)) if axis in p}


def _power(at: dict[float, Point], axis: str) -> float:
    """How the time grows from the first to the last: as the axis to this power."""
    first, last = (list(at.values())[place] for place in (0, -1))
    if first[axis] == last[axis]:
        return math.nan
    return math.log(last["seconds"] / first["seconds"]) / math.log(last[axis] / first[axis])


def _time(seconds: float) -> str:
    for unit, name in ((86400, "days"), (3600, "h"), (60, "min"), (2 / 3, "s")):
        if seconds >= 1.5 * unit:
            unit = max(unit, 1)
            return f"{seconds / unit:.2g} {name}"
    return f"{1000 * seconds:.3g} ms"


def _memory(mib: float) -> str:
    return f"{mib / 1024:.1f} GiB"


if __name__ == "__main__":
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    write(read_json(place / "growth.json"), place)
