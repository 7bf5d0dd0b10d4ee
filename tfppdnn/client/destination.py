"""The folder that protected images go to, and what all of them must have in common."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tfppdnn.client.sources import ImageSource
from tfppdnn.errors import UserError
from tfppdnn.files import read_json, user_path, write_json
from tfppdnn.images.formats import SUFFIXES

_MARK_FILE = ".tfppdnn.json"
_NEVER_MIXED = "choose another DST, so that plain and protected images are never mixed"


def named_destination(destination: str | os.PathLike[str]) -> Path:
    """Returns the folder that a name means.

    Raises:
        UserError: The name is empty.
    """
    if not os.fspath(destination):  # Path("") would be the current folder
        raise UserError(
            "DST is empty, as from a shell variable that is not set; name a folder to write to"
        )
    return user_path(destination)


def check_destination(destination: Path, images: ImageSource) -> None:
    """Checks that a folder may hold the protected versions of some images; writes nothing.

    Raises:
        UserError: It may not, or is no folder.
    """
    if destination.is_file():
        raise UserError(
            f"{destination} is a file, but DST is a folder; "
            "a pattern must be in quotes, as in 'photos/*.jpg'"
        )
    if not destination.exists() and destination.suffix.lower() in SUFFIXES:
        raise UserError(f"{destination} is named like an image, but DST is a folder; name a folder")
    if images.lies_in_destination():
        raise UserError(
            f"{destination} is or contains the folder of the plain images, {images.root}; "
            f"{_NEVER_MIXED}"
        )


def make_writable(destination: Path) -> None:
    """Makes the folder if it is missing.

    Raises:
        UserError: It cannot be written to.
    """
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=destination):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to {destination}: {os.strerror(error.errno)}; choose another DST"
        ) from error


@dataclass(frozen=True)
class Mark:
    """What a hidden file in the folder says of how its images were made, and nothing else.

    Attributes:
        protector: A digest, by which only somebody who has the protector can recognise it, or
            who guesses a cipher's key.
        size: Side that the images were resized to, or None.
    """

    protector: str
    size: int | None

    @classmethod
    def of(cls, identity: str, *, size: int | None) -> Mark:
        """Makes the mark of a protector.

        Args:
            identity: What tells it from any other.
            size: Side that images are resized to, or None.
        """
        return cls(hashlib.sha256(identity.encode()).hexdigest()[:16], size)

    def check(self, destination: Path) -> None:
        """Checks that all images that a folder holds were made in this way.

        Raises:
            UserError: They were not, or nobody knows.
        """
        found = _mark_in(destination)
        # A run of which every image failed has left a mark, and nothing that could be mixed.
        if found == self or not _holds_images(destination):
            return
        if found is None:
            raise UserError(
                f"{destination} holds images that `protect` did not put there; {_NEVER_MIXED}"
            )
        if found.protector != self.protector:
            raise UserError(
                f"{destination} holds images made with another protector; "
                "choose another DST, or delete it"
            )
        made_at = "their own size, without --size" if found.size is None else f"--size={found.size}"
        raise UserError(
            f"{destination} holds images made at {made_at}; "
            "do the same, choose another DST, or delete it"
        )

    def write(self, destination: Path) -> None:
        """Marks a folder, which exists.

        Raises:
            UserError: It cannot be written to.
        """
        write_json(destination / _MARK_FILE, dataclasses.asdict(self))


def _mark_in(destination: Path) -> Mark | None:
    path = destination / _MARK_FILE
    if not path.exists():
        return None
    try:
        return Mark(**read_json(path))
    except (UserError, TypeError):
        raise UserError(
            f"{path} is damaged, so that nobody knows what made the images beside it; "
            f"choose another DST, or delete {destination}"
        ) from None


def _holds_images(folder: Path) -> bool:
    for _, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(Path(name).suffix.lower() in SUFFIXES and name[0] != "." for name in files):
            return True
    return False
