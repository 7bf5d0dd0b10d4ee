"""Telling a file that is damaged from one that cannot be read now."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from tfppdnn.errors import UserError


@contextlib.contextmanager
def told_apart(path: Path, damaged: str) -> Iterator[None]:
    """Makes one line of what reading a file raises.

    Args:
        path: The file.
        damaged: What is said if its bytes are none that we wrote.

    Raises:
        UserError: It is damaged, or cannot be read.
        MemoryError: There is not enough memory for what it holds.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:  # Damaged bytes raise errors of every kind, from zipfile to numpy.
        # Also an OSError, where they send the reader to a place before the file's beginning.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise UserError(
                f"{path} cannot be read: {error.strerror}; when that is mended, the same call "
                "goes on from it"
            ) from error
        raise UserError(damaged) from None
