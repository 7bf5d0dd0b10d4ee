"""How time and memory grow with the number of images, their size, the width and the batch.

`python -m benchmarks growth` measures parts of `train`, `classify`, `protect` and `audit`, each
point in a fresh process, whose peak memory is its own. It draws results/benchmarks/growth.png, and
writes the table of docs/presets.md.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.comparison import Contender
from benchmarks.interleaving import Worker

SIZES = (32, 64, 128, 224)
SECONDS = 0.5
TURNS = 3
_BATCH, _OTHER_BATCHES = 8, (32, 128)
_WIDTH, _OTHER_WIDTHS = 1.0, (0.5, 2.0)
_IMAGES = 64
_OF_EPOCHS = (256, 1024, 4096)


@dataclass(frozen=True, kw_only=True)
class Part:
    """A piece of a verb.

    Attributes:
        verb: Whose.
        name: As picture and table call it.
        function: Of `benchmarks.growth_parts`.
        counts: Numbers of images that it is measured with, for one that takes any number; one
            that works on batches has none.
        squares: Whether one that takes any number is measured at other sizes, too.
        widens: Whether it is measured at other batches and widths, too; one or two of a verb's
            are enough.
    """

    verb: str
    name: str
    function: str
    counts: tuple[int, ...] = ()
    squares: bool = True
    widens: bool = False


PARTS = (
    Part(verb="train", name="reference classifier", function="reference_step"),
    Part(
        verb="train",
        name="an epoch of VGG13-BN",
        function="reference_epoch",
        counts=_OF_EPOCHS,
        squares=False,
    ),
    Part(verb="train", name="gradient descent", function="pgd_step"),
    Part(verb="train", name="CycleGAN", function="cyclegan_step", widens=True),
    Part(verb="train", name="hardened", function="hardened_step", widens=True),
    Part(verb="classify", name="ResNet-18", function="classify_step", widens=True),
    Part(
        verb="classify",
        name="an epoch of ResNet-18",
        function="classify_epoch",
        counts=_OF_EPOCHS,
        squares=False,
    ),
    Part(verb="protect", name="files", function="protecting", counts=(16, 512, 4096)),
    Part(verb="audit", name="measures", function="measures", counts=(16, 512, 2048)),
    Part(verb="audit", name="inverse U-Net", function="inverse_step", widens=True),
    Part(verb="audit", name="inverse hourglass", function="global_inverse_step"),
)


def growth(rounds: int | None, *, sizes: tuple[int, ...] = SIZES) -> dict[str, Any]:
    """Measures all points.

    Args:
        rounds: Turns of half a second for each of them, of which the median counts.
        sizes: Sides of the pictures.

    Returns:
        A record with `points`: for each the part, its settings, and `seconds` an item (an image,
        or one iteration on an image), `cpu_seconds` and `peak_mib`.
    """
    planned = [(part, settings) for part in PARTS for settings in points_of(part, sizes)]
    points = []
    with tempfile.TemporaryDirectory() as folder:
        for part, settings in tqdm(planned, desc="growth", unit="point"):
            measured = _measured(part, settings, Path(folder), rounds or TURNS)
            points.append({"verb": part.verb, "part": part.name, **settings, **measured})
    return {
        "name": "growth",
        "what": "Time and memory of parts of the verbs against the size of pictures, their number, "
        "the batch and the width of the networks, which is that of the preset `cpu` at width 1. "
        "![Time and memory](growth.png)",
        "unit": "images",
        "rounds": rounds or TURNS,
        "targets": {},
        "contenders": [],
        "points": points,
        "drawn_by": "benchmarks.growth_page:write",
    }


MEASURES = {"growth": growth}


def points_of(part: Part, sizes: tuple[int, ...]) -> list[dict[str, Any]]:
    """The settings at which a part is measured: along each axis, from the smallest corner."""
    if part.counts:
        squares = sizes if part.squares else ()
        return [{"size": size, "images": _IMAGES} for size in squares] + [
            {"size": sizes[0], "images": count} for count in part.counts
        ]
    along_sizes = [{"size": size, "batch": _BATCH, "width": _WIDTH} for size in sizes]
    if not part.widens:
        return along_sizes
    small = along_sizes[0]
    return [
        *along_sizes,
        *({**small, "batch": batch} for batch in _OTHER_BATCHES),
        *({**small, "width": width} for width in _OTHER_WIDTHS),
    ]


def _measured(part: Part, settings: dict[str, Any], folder: Path, turns: int) -> dict[str, float]:
    contender = Contender(
        name=f"{part.name} at {settings}",
        prepare=f"benchmarks.growth_parts:{part.function}",
        settings=settings,
    )
    with Worker.started(contender, folder / "outputs.npz") as worker:
        taken = [worker.work(SECONDS) for _ in range(turns)]
    return {
        "seconds": _an_item(taken, "wall_seconds", worker.items),
        "cpu_seconds": _an_item(taken, "cpu_seconds", worker.items),
        "peak_mib": taken[-1]["peak_mib"],
    }


def _an_item(taken: list[dict[str, float]], key: str, items: int) -> float:
    return float(np.median([turn[key] / turn["calls"] / items for turn in taken]))
