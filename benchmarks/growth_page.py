"""The picture and the table of how things grow, from the record that `growth` keeps.

`python -m benchmarks.growth_page [FOLDER]` draws them again without measuring.
"""

from __future__ import annotations

import itertools
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
_VERBS = ("train", "classify", "protect", "audit")

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
        cells = [f"{_time(at[s]['seconds'])}, {_memory(at[s]['peak_mib'])}" for s in at]
        # Pixels are the side squared.
        power = _power(at, "size") / 2
        by_size.append([name, *cells, f"{power:.2f}"])
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
    """Draws time and memory against the size of pictures, one column a verb.

    Args:
        points: As in the record.
        path: A PNG file to write.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(
        2, len(_VERBS), figsize=(15, 7.5), sharex=True, sharey="row", constrained_layout=True
    )
    ends = []
    for column, verb in enumerate(_VERBS):
        own = [point for point in points if point["verb"] == verb]
        for row, (key, scale) in enumerate((("seconds", 1000), ("peak_mib", 1 / 1024))):
            ends.append((axes[row][column], _panel(axes[row][column], own, key, scale)))
        _guide(axes[0][column], own)
        axes[0][column].set_title(verb, fontweight="bold")
        axes[1][column].set_xlabel("side of the picture, pixels")
    axes[0][0].set_ylabel("milliseconds an image")
    axes[1][0].set_ylabel("peak memory of the process, GiB")
    # Now that all axes have their range, which says how far apart labels must be.
    for axis, own in ends:
        _label(axis, own)
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def _panel(axis: Any, points: list[Point], key: str, scale: float) -> list[tuple]:
    """Draws the lines; returns where each ends: value, side, part, colour."""
    ends = []
    axis.set_xscale("log")
    axis.set_yscale("log")
    for number, (part, own) in enumerate(_parts(points).items()):
        at = _by(own, "size")
        sizes, values = list(at), [point[key] * scale for point in at.values()]
        axis.plot(sizes, values, "o-", color=f"C{number}", linewidth=1.6, markersize=4)
        ends.append((values[-1], sizes[-1], part, f"C{number}"))
    sizes = sorted({point["size"] for point in points})
    axis.set_xticks(sizes, [str(size) for size in sizes])
    axis.xaxis.minorticks_off()
    axis.yaxis.set_major_locator(_ticker().LogLocator(subs=(1, 2, 5)))
    axis.yaxis.set_major_formatter(_ticker().FuncFormatter(lambda value, _: f"{value:g}"))
    axis.yaxis.set_minor_locator(_ticker().NullLocator())
    axis.grid(alpha=0.25)
    axis.set_xlim(sizes[0] * 0.85, sizes[-1] * 5.5)
    return ends


def _guide(axis: Any, points: list[Point]) -> None:
    """A line that grows as the pixels do, below the others, to hold them against."""
    sizes = sorted({point["size"] for point in points})
    lowest = min(1000 * point["seconds"] for point in points if point["size"] == sizes[0]) / 2
    ends = [lowest, lowest * (sizes[-1] / sizes[0]) ** 2]
    axis.plot([sizes[0], sizes[-1]], ends, ":", color="grey", linewidth=1)
    axis.text(sizes[0] * 1.15, ends[0], "as the pixels", color="grey", fontsize=8, va="top")


def _label(axis: Any, ends: list[tuple]) -> None:
    """Names each line at its end, moved apart where two would overlap."""
    bottom, top = map(math.log10, axis.get_ylim())
    apart = 0.05 * (top - bottom)
    ends = sorted(ends)
    places = [math.log10(end[0]) for end in ends]
    for _ in range(100):
        for below, above in itertools.pairwise(range(len(places))):
            missing = apart - (places[above] - places[below])
            if missing > 0:
                places[below] -= missing / 2
                places[above] += missing / 2
    for (_, last, part, color), place in zip(ends, places, strict=True):
        axis.text(last * 1.12, 10**place, part, color=color, fontsize=9, va="center")


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
