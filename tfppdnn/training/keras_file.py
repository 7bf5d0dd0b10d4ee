"""Writing a network as a .keras file."""

from __future__ import annotations

import time
from pathlib import Path

import keras

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole

# Such a file is a zip archive, which dates what it holds.
_FIRST_YEAR_OF_ZIP = 1980


def write_keras(network: keras.Model, path: str | Path) -> None:
    """Writes a network, whole or not at all.

    Args:
        network: What to write.
        path: The file, whose name ends in `.keras`.

    Raises:
        UserError: It cannot be written, or the clock says a year that such a file cannot have.
    """
    year = time.localtime().tm_year
    if year < _FIRST_YEAR_OF_ZIP:
        raise UserError(
            f"cannot write {path}: the clock says {year}, and such a file knows no year before "
            f"{_FIRST_YEAR_OF_ZIP}; set the clock, and the same command goes on from here"
        )
    with written_whole(path) as temporary:
        network.save(temporary)
