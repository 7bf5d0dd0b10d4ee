"""Writing files so that a reader never meets half of one, and telling them apart."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
import uuid
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any, BinaryIO

from tfppdnn.errors import UserError
from tfppdnn.replacing import exchange, flush, flush_one

try:
    import fcntl
except ImportError:  # Windows, where what a killed process leaves stays there
    fcntl = None

_DIGITS = 16
_TEMPORARY = re.compile(r"\.tfppdnn-[0-9a-f]{8}")
_OLD = "old"


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path; on success it is flushed to the disk and renamed to `path`.

    Works for files and for folders. If the body raises, what it wrote is removed
    and whatever stood at `path` before is untouched. A file never takes the place of a
    folder, nor a folder that of a file. What a killed process leaves is for `sweep`.

    Args:
        path: Where the whole file or folder shall stand in the end.

    Yields:
        A path on the same file system and with the same suffix, which does not exist yet.

    Raises:
        UserError: The folder cannot be written to, the disk is full, or a folder stands
            where a file shall go.
    """
    path = Path(path)
    with _named(path), _temporary(path.parent) as place:
        # Short, so that every name that is allowed can be written.
        temporary = place / f"n{path.suffix}"
        yield temporary
        flush(temporary)
        if path.is_dir() and temporary.is_dir():
            _replace_folder(path, temporary)
        else:
            temporary.replace(path)
        flush_one(path.parent)


def write_bytes(path: str | os.PathLike[str], content: bytes, *, flushed: bool = True) -> None:
    """Writes `content` to `path`, whole or not at all.

    Args:
        path: The file.
        content: What it shall hold.
        flushed: Whether to wait until it is on the disk. Who writes thousands of files can wait
            once for all of them; a power cut until then leaves empty ones.

    Raises:
        UserError: See `written_whole`.
    """
    path = Path(path)
    with _named(path), _new_file(path.parent) as (temporary, file):
        with file:
            file.write(content)
            if flushed:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)  # noqa: PTH105  (of thousands, a `Path` for each is felt)
        if flushed:
            flush_one(path.parent)


@contextlib.contextmanager
def _new_file(parent: Path) -> Iterator[tuple[str, BinaryIO]]:
    """Makes a hidden file, locked as long as its process lives, and removes it after a failure."""
    parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as lock:
        while True:
            place = f"{parent}{os.sep}{_temporary_name()}"
            file = open(place, "xb")  # noqa: PTH123, SIM115  (closed by whoever writes)
            # Where there are no locks, `sweep` gets none either, and leaves everything alone.
            with contextlib.suppress(OSError):
                lock.enter_context(_locked(place, wait=True))
            if os.fstat(file.fileno()).st_nlink:  # It was not swept before it was locked.
                break
            file.close()
        try:
            yield place, file
        except BaseException:
            # Its own message matters more than any made here.
            with contextlib.suppress(OSError):
                os.unlink(place)  # noqa: PTH108
            raise


@contextlib.contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        said = os.strerror(error.errno)
        # What is written may be a copy of something that cannot be read.
        place = path.absolute()
        other = Path(error.filename).absolute() if error.filename else place
        if not (other.is_relative_to(place.parent) or place.is_relative_to(other)):
            raise UserError(f"{error.filename}: {said}") from error
        raise UserError(f"cannot write {path}: {said}") from error


@contextlib.contextmanager
def _temporary(parent: Path) -> Iterator[Path]:
    """Makes a hidden folder, locked as long as its process lives, and removes it."""
    parent.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as lock:
        while True:
            place = parent / _temporary_name()
            place.mkdir(mode=0o700)
            # Where there are no locks, `sweep` gets none either, and leaves everything alone.
            with contextlib.suppress(OSError):
                lock.enter_context(_locked(place, wait=True))
            if place.exists():  # and was not swept before it was locked
                break
        try:
            yield place
        finally:
            # Only what is left of a failure, whose own message matters more than any made here.
            with contextlib.suppress(OSError):
                _remove(place)


def _temporary_name() -> str:
    return f".tfppdnn-{uuid.uuid4().hex[:8]}"


def _remove(place: Path) -> None:
    if place.is_dir():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)


@contextlib.contextmanager
def _locked(place: str | Path, *, wait: bool) -> Iterator[None]:
    if fcntl is None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    descriptor = os.open(place, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)


def _replace_folder(path: Path, new: Path) -> None:
    if exchange(new, path):
        return
    # What `sweep` puts back if the process is killed in between.
    old = new.parent / _OLD / path.name
    old.parent.mkdir()
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise


def sweep(folder: str | os.PathLike[str]) -> None:
    """Removes what killed processes left of their unfinished writing, anywhere below a folder.

    An old folder that such a process had moved away, and had not replaced yet, is put back. What
    a living process writes stays.
    """
    for parent, folders, files in os.walk(folder):
        for name in filter(_TEMPORARY.fullmatch, [*folders, *files]):
            # Whoever lives holds the lock; and what cannot be removed harms nobody.
            with contextlib.suppress(OSError):
                _sweep_one(Path(parent, name))
        folders[:] = [name for name in folders if not _TEMPORARY.fullmatch(name)]


def _sweep_one(place: Path) -> None:
    with _locked(place, wait=False):
        for old in (place / _OLD).glob("*"):
            if not os.path.lexists(place.parent / old.name):
                old.rename(place.parent / old.name)
        _remove(place)


def write_text(path: str | os.PathLike[str], content: str) -> None:
    """Writes `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode())


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Writes `content` to `path` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def user_path(path: str | os.PathLike[str]) -> Path:
    """Writes out the home folder that `~` stands for; a `~name` of nobody stays as it is."""
    return Path(os.path.expanduser(path))  # noqa: PTH111  (its like raises an error of its own)


def holds_others(folder: Path, names: Collection[str]) -> bool:
    """Whether what is to be replaced is no folder, or holds more than what has these names."""
    if not folder.is_dir():
        return folder.exists()
    return any(entry.name not in names for entry in folder.iterdir())


def digest(*paths: str | os.PathLike[str]) -> str:
    """Tells files from any others, in a few letters: a digest of what they hold, in this order."""
    content = hashlib.sha256()
    for path in paths:
        content.update(Path(path).read_bytes())
    return content.hexdigest()[:_DIGITS]


def digest_of(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal; of a large one little is in memory."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_json(
    path: str | os.PathLike[str], *, mend: str = "delete it or restore it"
) -> dict[str, Any]:
    """Reads a JSON file that holds an object, as all of ours do.

    Args:
        path: The file.
        mend: What the user can do if it is damaged.

    Raises:
        UserError: The file is missing, cannot be read or holds anything else.
    """
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        # Half of a pair, as "\ud800", is a text that can neither be written nor checked.
        json.dumps(content, ensure_ascii=False).encode()
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # also of huge numbers, and of deep nesting
        raise UserError(f"{path} is not valid JSON ({error}); {mend}") from None
    if not isinstance(content, dict):
        raise UserError(f"{path} holds no JSON object; {mend}")
    return content
