"""What the files of the shipped protectors must be: here, and not beside them.

Whoever changes a file of an installation has to change the package's code, too.
"""

from __future__ import annotations

from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.files import digest_of

_PACKAGE = Path(__file__).parent.parent / "shipped"

DIGESTS = {
    "cifar10/protector.keras": "f4a6b2a7553b63d8bcecad8c175d2ec8dd23b3f4c8b396e174bc2618fb6dc052",
    "cifar10/protector_fp16.tflite": (
        "e3d458a7b00ea807ed644e8df909f58c58c2beed4a542d8d197d8091aa019623"
    ),
    "photos/protector.keras": "8f047b8f809ebd21bd3bb590043feaa0ea323aae58e3e010fb0c6280d15b50a4",
    "photos/protector_fp16.tflite": (
        "b0a71c2dc66e69082fb3727ee3e5ece8e005877600215f7890ced40cd89ab6f5"
    ),
    "photos/protector_int8.tflite": (
        "9b0d86b4ef10f7bcb0fd14c869b2914b09c5c68aaeb6956ae958fc66edb79b9c"
    ),
}
"""SHA-256 by folder and file."""


def check_shipped(path: Path) -> None:
    """Compares a file of a shipped protector with its digest; what is elsewhere is somebody's own.

    Raises:
        UserError: It is another file.
    """
    if not path.is_relative_to(_PACKAGE):
        return
    if digest_of(path) != DIGESTS.get(path.relative_to(_PACKAGE).as_posix()):
        raise UserError(f"{path} is not the file that tfppdnn ships; install tfppdnn again")
