"""One writer a folder: a lock that the operating system keeps, and drops with its process."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from tfppdnn import workers
from tfppdnn.errors import UserError
from tfppdnn.files import sweep

try:
    import fcntl
except ImportError:  # Windows: nobody is kept out
    fcntl = None

_LOCK = ".tfppdnn.lock"
_READ_ONLY = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextlib.contextmanager
def owned(folder: str | os.PathLike[str]) -> Iterator[None]:
    """Keeps every other process from writing into a folder, and tidies up behind killed ones.

    Of several workers the chief has it, for all of them, and the others write nothing.

    A folder that is missing is made, for its owner's eyes only, and is removed again if nothing
    came into it. A folder that nobody may write to has no owner: whoever tries is told by the
    system.

    Args:
        folder: Where the body writes.

    Raises:
        UserError: Another process, or another thread of this one, has the folder; or it cannot be
            made.
    """
    if not workers.is_chief():
        yield
        return
    folder = Path(folder)
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        said = "it is a file" if folder.is_file() else error.strerror
        raise UserError(f"cannot write {folder}: {said}; give another folder") from error
    try:
        with _locked(folder):
            sweep(folder)
            yield
    finally:
        with contextlib.suppress(OSError):
            for each in missing:
                each.rmdir()


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    path = folder / _LOCK
    lock = _lock(path)
    if lock is None:
        yield
        return
    with lock:
        said = f"process {os.getpid()}{_verb()}"
        # The lock is what counts: there may be no room to say whose it is.
        with contextlib.suppress(OSError):
            lock.truncate(0)
            os.write(lock.fileno(), said.encode())
        try:
            yield
        finally:
            # While it is still locked; whoever has opened it by now sees that it is gone.
            with contextlib.suppress(OSError):
                path.unlink()


def _verb() -> str:
    """What this process does, of our verbs: no more, for a killed one leaves it behind.

    The folder may be handed over, and a command line has the names of plain pictures, and keys.
    """
    program, *arguments = sys.argv
    place = Path(program)
    ours = place.parts[-2:] == ("tfppdnn", "__main__.py") or place.stem == "tfppdnn"
    verb = arguments[0] if ours and arguments else ""
    return f" (tfppdnn {verb})" if verb.isidentifier() else ""


def _lock(path: Path) -> IO[str] | None:
    """The file, locked until it is closed; None where there can be no lock."""
    while fcntl is not None:
        try:
            lock = path.open("a+", encoding="utf-8")
        except OSError as error:
            if error.errno in _READ_ONLY:
                return None
            raise UserError(f"cannot write {path.parent}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(lock.fileno()), path.stat()):
                return lock
        except BlockingIOError:
            lock.seek(0)
            holder = " ".join(lock.read().split()) or "another process"
            lock.close()
            raise UserError(
                f"{path.parent} is in use by {holder}; wait until it ends, or name another folder"
            ) from None
        except FileNotFoundError:
            pass  # Its owner has ended in between.
        except OSError:
            return lock  # Some network file systems have no locks.
        lock.close()
    return None
