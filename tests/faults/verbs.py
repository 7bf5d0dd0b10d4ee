"""The verbs that are killed, at a size that lasts seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from .tiny import TINY_SETTINGS

AUDIT_OPTIONS = (
    "--attacks=class_mean,itn",
    "--attacker_image_size=32",
    "--attacker_images=64",
    "--held_out_images=12",
    "--attempts=1",
    "--itn_epochs=1",
    "--itn_width=2",
    "--itn_depth=2",
    "--recogniser_epochs=1",
    "--recogniser_width=0.0625",
)
_PICTURES = 40


@dataclass(frozen=True)
class Verb:
    """A verb that writes into one place.

    Attributes:
        name: What it is called.
        arguments: From the base and the place to the command line.
        prepare: Puts into the place what must be there before.
    """

    name: str
    arguments: Callable[[Path, Path], list[str]]
    prepare: Callable[[Path, Path], object] = lambda base, place: None


VERBS = (
    Verb("train", lambda base, place: ["train", f"--out={place}", *TINY_SETTINGS]),
    Verb("classify", lambda base, place: ["classify", f"--protector={base}/run", f"--out={place}"]),
    Verb(
        "audit",
        lambda base, place: ["audit", f"--protector={base}/run", f"--out={place}", *AUDIT_OPTIONS],
    ),
    Verb(
        "export",
        lambda base, place: ["export", str(place)],
        prepare=lambda base, place: shutil.copytree(base / "run", place),
    ),
    Verb(
        "protect",
        lambda base, place: ["protect", f"{base}/photos", str(place), f"--protector={base}/run"],
    ),
)


def write_photos(folder: Path) -> None:
    """Writes pictures for `protect`."""
    folder.mkdir()
    for number in range(_PICTURES):
        pixels = np.random.default_rng(number).integers(0, 256, (64, 64, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
