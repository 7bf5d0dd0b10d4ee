"""An audit's folder: what it holds, and where."""

from __future__ import annotations

import os
from pathlib import Path

from tfppdnn.run_folder import RunFolder

RECORD = "audit.json"
"""Every figure of an audit."""

ATTACKS = "attacks"
"""Where `audit.json` keeps a row for each attack, by its name."""

SHOWN_IMAGES = 16
"""How many reconstructions are kept for pictures."""


def audit_folder(path: str | os.PathLike[str] | None) -> RunFolder:
    """The folder of an audit, which there may not be yet; None for one that nobody keeps."""
    if path is None:
        return RunFolder.temporary(record=RECORD)
    return RunFolder(path, record=RECORD)


def reconstructions_path(run: RunFolder, attack: str) -> Path:
    """Where the first reconstructions of an attack are kept, as an .npz of `images`."""
    return run.path / "reconstructions" / f"{attack}.npz"
