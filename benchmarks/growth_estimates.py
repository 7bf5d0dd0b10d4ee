"""What whole verbs will take with many larger pictures, from the growth of their parts."""

from __future__ import annotations

from typing import Any

IMAGES = 10_000
_GIB = 2**30

Point = dict[str, Any]


def estimates(points: list[Point], *, images: int = IMAGES) -> list[dict[str, Any]]:
    """Adds up the parts of the presets for two cores.

    Args:
        points: As in the record of `growth`.
        images: Training images.

    Returns:
        A row for each command, with `command`, and `at`: by size the seconds and GiB.
    """
    from tfppdnn.settings import make_settings
    from tfppdnn.settings.audit import make_audit_settings

    cpu, hardened = make_settings("cpu"), make_settings("hardened")
    attackers = make_audit_settings("cpu")
    known = min(images, attackers.attacker_images)
    first_stages = [
        ("reference classifier", cpu.reference.epochs * images, cpu.reference.batch_size),
        ("gradient descent", min(images, cpu.preliminary.images) * cpu.preliminary.iterations, 128),
    ]

    def transforming(part: str, settings: Any) -> tuple[str, int, int]:
        batch = settings.transformation.batch_size
        return part, settings.transformation.steps * batch, batch

    commands = {
        "`train --preset=cpu`": [*first_stages, transforming("CycleGAN", cpu)],
        "`train --preset=hardened`": [*first_stages, transforming("hardened", hardened)],
        "`classify --preset=cpu`": [
            ("ResNet-18", cpu.classifier.epochs * images, cpu.classifier.batch_size)
        ],
        "`protect`": [("files", images, 0)],
        "`audit --preset=cpu`, its U-Net": [
            ("inverse U-Net", attackers.itn_epochs * known, attackers.itn_batch_size)
        ],
        "`audit --preset=cpu`, its measures, for each attack": [
            ("measures", attackers.held_out_images, 0)
        ],
    }
    return [
        {"command": command, "at": _at_each_size(points, parts, images)}
        for command, parts in commands.items()
    ]


def _at_each_size(
    points: list[Point], parts: list[tuple[str, int, int]], images: int
) -> dict[int, tuple[float, float]]:
    found = {}
    for size in sorted({point["size"] for point in points}):
        seconds = sum(count * _point(points, part, size)["seconds"] for part, count, _ in parts)
        memory = max(_memory(points, part, size, batch) for part, _, batch in parts)
        # All images are in memory at once, but for `protect`.
        held = images * size * size * 3 / _GIB if parts[0][2] else 0.0
        found[size] = (seconds, memory + held)
    return found


def _memory(points: list[Point], part: str, size: int, batch: int) -> float:
    """Peak memory in GiB with another batch: what is not there at 32x32 grows with the batch."""
    here = _point(points, part, size)
    sizes = sorted({point["size"] for point in points})
    small, large = (_point(points, part, side) for side in (sizes[0], sizes[-1]))
    if not batch or sizes[0] == sizes[-1]:
        return here["peak_mib"] / 1024
    pixels = large["batch"] * (sizes[-1] ** 2 - sizes[0] ** 2)
    a_pixel = max(0.0, large["peak_mib"] - small["peak_mib"]) / pixels
    return (here["peak_mib"] + a_pixel * (batch - here["batch"]) * size * size) / 1024


def _point(points: list[Point], part: str, size: int) -> Point:
    """The first one of a part at a size, which has the smallest batch and width 1."""
    return next(point for point in points if (point["part"], point["size"]) == (part, size))
