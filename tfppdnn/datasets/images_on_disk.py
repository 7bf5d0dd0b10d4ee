"""Pictures that are read from their files whenever they are asked for."""

from __future__ import annotations

import functools
import os
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tfppdnn.errors import UserError
from tfppdnn.images.files import read_image
from tfppdnn.images.resizing import resize_square

_MOST_THREADS = 8


class ImagesOnDisk:
    """An array of pictures, uint8 [N, S, S, 3], of which nothing but their files is kept.

    What is taken out of it by a number, a slice or an array of indices is a numpy array, decoded in
    a few threads; so whoever takes a batch at a time holds a batch. `numpy.asarray` takes all.

    Args:
        files: One a picture, each of which was read before; their sizes and times are noted now.
        image_size: Height and width that pictures are cropped and resized to, as `load_folder`
            says.

    Raises:
        UserError: When pictures are taken: a file is gone or no longer the one that it was.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, files: Sequence[Path], image_size: int):
        self._files, self._size = files, image_size
        self._states = [_state(file) for file in files]
        # Of metadata, which is dropped.
        warnings.filterwarnings("ignore", module="PIL")

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(N, S, S, 3)."""
        return len(self._files), self._size, self._size, 3

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, which: int | slice | NDArray) -> NDArray[np.uint8]:
        rows = np.arange(len(self))[which]
        if rows.ndim == 0:
            return self._read(int(rows))
        images = np.empty((len(rows), *self.shape[1:]), np.uint8)
        for place, image in enumerate(threads().map(self._read, rows)):
            images[place] = image
        return images

    def first(self, count: int) -> ImagesOnDisk:
        """The first of them, still on the disk."""
        return ImagesOnDisk(self._files[:count], self._size)

    def __array__(self, dtype: DTypeLike = None, copy: bool | None = None) -> NDArray:
        if copy is False:
            raise ValueError("pictures on disk cannot be had without a copy")
        return self[:].astype(dtype or self.dtype, copy=False)

    def _read(self, row: int) -> NDArray[np.uint8]:
        file = self._files[row]
        image = resize_square(read_image(file), self._size)
        if _state(file) != self._states[row]:
            raise UserError(f"{file} was changed while it was in use; run the same command again")
        return image


@functools.cache
def threads() -> ThreadPoolExecutor:
    """Those that decode; Pillow lets others work meanwhile."""
    return ThreadPoolExecutor(min(_MOST_THREADS, os.cpu_count() or 1), "decoding")


def _state(file: Path) -> tuple[int, int] | None:
    """Tells a file from what was written in its place; None if it is gone."""
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns
