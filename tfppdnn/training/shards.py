"""Work that is done once for every picture, kept piece by piece so that it can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.progress import Progress
from tfppdnn.training.reading import told_apart

_SHARD = 2048

Arrays = dict[str, np.ndarray]
"""By name, each with a row a picture."""


def made_in_shards(
    folder: str | Path, count: int, make: Callable[[slice], Arrays], *, title: str, batch: int = 64
) -> Arrays:
    """Makes arrays of a data set's pictures, with a progress bar, from where it was stopped.

    Args:
        folder: Where finished pieces are kept.
        count: Number of pictures.
        make: Makes the rows of some of them.
        title: What is being made, for the progress bar.
        batch: Pictures that are handed to `make` at a time.

    Returns:
        The arrays of all pictures.

    Raises:
        UserError: A piece is damaged, cannot be read, or is of more or fewer pictures.
    """
    shards = []
    with Progress(title, count, unit="pictures") as progress:
        for start in range(0, count, _SHARD):
            end = min(start + _SHARD, count)
            path = Path(folder) / f"{start:08d}.npz"
            if not path.exists():
                try:
                    with written_whole(path) as temporary:
                        np.savez(temporary, **_made(start, end, make, batch, progress))
                except KeyboardInterrupt:
                    said = f"{title}: {start:,} of {count:,} pictures are saved"
                    raise KeyboardInterrupt(said) from None
            else:
                progress.update(end - start)
            shards.append(_read(path))
            if any(len(rows) != end - start for rows in shards[-1].values()):
                raise UserError(f"{path} was made of other pictures; delete {Path(folder)}")
    return {name: np.concatenate([shard[name] for shard in shards]) for name in shards[0]}


def _made(start: int, end: int, make: Callable[[slice], Arrays], batch: int, progress) -> Arrays:
    pieces = []
    for first in range(start, end, batch):
        last = min(first + batch, end)
        pieces.append(make(slice(first, last)))
        progress.update(last - first)
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def _read(path: Path) -> Arrays:
    damaged = f"{path} is damaged; delete it to have it made again"
    with told_apart(path, damaged), np.load(path) as archive:
        return dict(archive)
