"""What is a program is loaded only for whoever says that he knows whose it is."""

from __future__ import annotations

from pathlib import Path

from tfppdnn.errors import UserError


def check_trusted(path: Path, *, trust: bool) -> None:
    """Refuses a SavedModel that nobody answers for.

    Raises:
        UserError: `trust` is not set.
    """
    if not trust:
        raise UserError(
            f"{path} is a SavedModel, and so a program: it may read and write files when it "
            "runs. If you made it, or know who did, add --trust (in Python "
            "Protector.from_preset(..., trust=True)); else "
            "ask for the .tflite or .keras file, which only computes"
        )
