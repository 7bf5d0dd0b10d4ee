"""What is known of a protector before it is loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tfppdnn.protector.scheme import Scheme


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a protector comes from.

    Attributes:
        name: What messages call it.
        title: A short name, for a folder or the head of a column.
        load: Makes the scheme; raises `UserError` if a file is damaged.
        identity: Tells the protector from any other, in a few letters for `config.json`.
        network: Loads it before rounding, float32 [N, H, W, 3] in [0, 1] to the same; None if
            it came without.
        files: What it was made of: files and folders, or what writes one, by the path that they
            have in a folder it is saved in. None of what is made of no files.
        run: The run folder, if it is one's protector.
        trained_on: Reads which data set it was trained on, as `ImageDataset.summary` tells it; None
            if it says nothing.
    """

    name: str
    title: str
    load: Callable[[], Scheme]
    identity: Callable[[], str]
    network: Callable[[], Callable] | None = None
    files: Mapping[str, Path | Callable[[Path], None]] | None = None
    run: Path | None = None
    trained_on: Callable[[], Mapping[str, Any] | None] | None = None
