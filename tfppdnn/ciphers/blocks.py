"""Ciphers that work on images in blocks of 4 x 4 pixels: Tanaka's scheme, ELE and EtC."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tfppdnn.ciphers.cipher import Cipher, Images, check_images
from tfppdnn.errors import UserError

SIDE = 4
"""Height and width of a block in pixels."""

Blocks = NDArray[np.uint8]
"""uint8 [N, B, 16, 3]: the B blocks of an image and their pixels, both row by row."""


@dataclass(frozen=True, kw_only=True)
class BlockCipher(Cipher):
    """A cipher of 4 x 4 blocks; images whose sides are no multiple of 4 grow to one.

    What is missing is filled up by repeating the last row and column.

    Attributes:
        size_multiple: Images whose height and width are multiples of this keep their size.
    """

    size_multiple: ClassVar[int] = SIDE

    def encrypt(self, images: Images) -> Images:
        """Encrypts images, all under the same key; see `Cipher.encrypt`."""
        check_images(images)
        missing = [(0, _filled_up(length) - length) for length in images.shape[1:3]]
        filled = np.pad(images, [(0, 0), *missing, (0, 0)], mode="edge")
        return _joined(self._encrypt_blocks(_split(filled)), *filled.shape[1:3])

    def decrypt(self, images: Images, *, size: tuple[int, int] | None = None) -> Images:
        """Undoes `encrypt` exactly; see `Cipher.decrypt`."""
        check_images(images)
        encrypted = images.shape[1:3]
        height, width = size or encrypted
        if encrypted != (_filled_up(height), _filled_up(width)):
            raise UserError(
                f"images of {encrypted[0]}x{encrypted[1]} do not come from {height}x{width} "
                f"in blocks of {SIDE}x{SIDE}: give the size before encryption"
            )
        return _joined(self._decrypt_blocks(_split(images)), *encrypted)[:, :height, :width]

    @abstractmethod
    def _encrypt_blocks(self, blocks: Blocks) -> Blocks: ...

    @abstractmethod
    def _decrypt_blocks(self, blocks: Blocks) -> Blocks: ...


def block_count(height: int, width: int) -> int:
    """Counts the blocks of an image, those that need filling up included."""
    return _filled_up(height) * _filled_up(width) // SIDE**2


def _filled_up(length: int) -> int:
    return length + -length % SIDE


def _split(images: Images) -> Blocks:
    count, height, width, _ = images.shape
    grid = images.reshape(count, height // SIDE, SIDE, width // SIDE, SIDE, 3)
    return grid.swapaxes(2, 3).reshape(count, -1, SIDE**2, 3)


def _joined(blocks: Blocks, height: int, width: int) -> Images:
    grid = blocks.reshape(-1, height // SIDE, width // SIDE, SIDE, SIDE, 3)
    return grid.swapaxes(2, 3).reshape(-1, height, width, 3)
