"""Renaming that a crash cannot divide: a folder in another's place, all of it on the disk."""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from pathlib import Path

# <linux/fs.h> and <fcntl.h>
_EXCHANGE = 2
_HERE = -100
_NO_SUCH_THING = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EBADF}


def exchange(one: Path, other: Path) -> bool:
    """Gives each of two files or folders the other's name, at once (Linux, renameat2).

    Args:
        one: Must exist.
        other: Must exist, on the same file system.

    Returns:
        Whether it was done; not where the system or the file system knows no such thing.

    Raises:
        OSError: It was refused for another reason.
    """
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _NO_SUCH_THING:
        return False
    raise OSError(number, os.strerror(number), os.fspath(one), None, os.fspath(other))


def flush(path: Path) -> None:
    """Has the system write a file, or a folder with all that it holds, to the disk.

    Raises:
        OSError: It could not, as on a full disk.
    """
    for folder, _, files in os.walk(path):
        for name in files:
            flush_one(Path(folder, name))
        flush_one(Path(folder))
    if not path.is_dir():
        flush_one(path)


def flush_one(path: Path) -> None:
    """Has the system write a file, or a folder's list of names, to the disk.

    Raises:
        OSError: It could not, as on a full disk.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except PermissionError:
        return  # Windows opens no folders.
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some file systems cannot, and Windows flushes only what is open for writing.
        if error.errno not in _NO_SUCH_THING:
            raise
    finally:
        os.close(descriptor)
