"""Writing files so that a reader never meets half of one, and telling them apart."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tfppdnn.errors import UserError

_DIGITS = 16


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yields a temporary path beside `path`; on success it is renamed to `path`.

    Works for files and for folders. If the body raises, what it wrote is removed
    and whatever stood at `path` before is untouched. A file never takes the place of a
    folder, nor a folder that of a file.

    Args:
        path: Where the whole file or folder shall stand in the end.

    Yields:
        A path in the same folder and with the same suffix, which does not exist yet.

    Raises:
        UserError: The folder cannot be written to, the disk is full, or a folder stands
            where a file shall go.
    """
    path = Path(path)
    # Cut short: with the random part, a name that is just allowed would be too long.
    temporary = path.with_name(f".{path.stem[:40]}-{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        if path.is_dir() and temporary.is_dir():
            _replace_folder(path, temporary)
        else:
            temporary.replace(path)
    except OSError as error:
        if error.errno is None:
            raise
        raise UserError(f"cannot write {path}: {os.strerror(error.errno)}") from error
    finally:
        # Only what is left of a failure, whose own message matters more than any made here.
        if os.path.isdir(temporary):  # noqa: PTH112  (Path.is_dir may raise)
            shutil.rmtree(temporary, ignore_errors=True)
        else:
            with contextlib.suppress(OSError):
                temporary.unlink()


def _replace_folder(path: Path, new: Path) -> None:
    old = path.with_name(f".{path.name[:40]}-{uuid.uuid4().hex[:8]}-old")
    path.rename(old)
    try:
        new.rename(path)
    except OSError:
        old.rename(path)
        raise
    shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Writes `content` to `path`, whole or not at all."""
    with written_whole(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: str | os.PathLike[str], content: str) -> None:
    """Writes `content` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, content.encode())


def write_json(path: str | os.PathLike[str], content: Any) -> None:
    """Writes `content` to `path` as indented JSON, whole or not at all."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def digest(*paths: str | os.PathLike[str]) -> str:
    """Tells files from any others, in a few letters: a digest of what they hold, in this order."""
    content = hashlib.sha256()
    for path in paths:
        content.update(Path(path).read_bytes())
    return content.hexdigest()[:_DIGITS]


def read_json(path: str | os.PathLike[str]) -> Any:
    """Reads a JSON file.

    Raises:
        UserError: The file is missing, cannot be read or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} does not exist") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f"{path} is not valid JSON ({error}); delete it or restore it") from None
