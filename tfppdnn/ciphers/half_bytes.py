"""The scrambling of half-bytes inside a block, which Tanaka's scheme and ELE share."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.ciphers.blocks import Blocks
from tfppdnn.ciphers.cipher import log2_factorial, random_permutations

HALF_BYTES = 96
"""Half-bytes of a block: 4 x 4 pixels, 3 channels, upper and lower 4 bits."""

KEY_BITS = log2_factorial(HALF_BYTES) + math.log2(math.comb(HALF_BYTES, HALF_BYTES // 2))
"""Bits of one block's key: an order of 96 half-bytes and the choice of 48 to invert.

An upper bound on what it protects: inverting the other 48 instead is the same cipher.
"""


@dataclass(frozen=True)
class HalfByteKey:
    """Keys of blocks: invert half of the half-bytes, permute all, invert the same places again.

    Attributes:
        order: int [keys, 96], which half-byte each place receives; the 48 lower ones of the
            block come first, then the 48 upper ones.
        inverted: bool [keys, 96], the half of the places where v becomes 15 - v.
    """

    order: NDArray[np.intp]
    inverted: NDArray[np.bool_]

    @classmethod
    def draw(cls, random: np.random.RandomState, keys: int) -> HalfByteKey:
        """Draws keys.

        Args:
            random: Where they come from.
            keys: How many, 1 for all blocks or one for each.
        """
        order = random_permutations(random, keys, HALF_BYTES)
        inverted = random_permutations(random, keys, HALF_BYTES) < HALF_BYTES // 2
        return cls(order, inverted)

    def scramble(self, blocks: Blocks) -> Blocks:
        """Scrambles the half-bytes of each block, [N, blocks, 16, 3]."""
        return self._permute(blocks, self.order)

    def unscramble(self, blocks: Blocks) -> Blocks:
        """Undoes `scramble`."""
        return self._permute(blocks, self.order.argsort(axis=-1))

    def _permute(self, blocks: Blocks, order: NDArray[np.intp]) -> Blocks:
        # v XOR 15 is 15 - v. The mask belongs to places, so the way back is the same.
        mask = np.where(self.inverted, np.uint8(15), np.uint8(0))
        half_bytes = np.take_along_axis(_to_half_bytes(blocks) ^ mask, order[None], axis=-1)
        return _from_half_bytes(half_bytes ^ mask).reshape(blocks.shape)


def _to_half_bytes(blocks: Blocks) -> NDArray[np.uint8]:
    values = blocks.reshape(*blocks.shape[:2], -1)
    return np.concatenate([values & 15, values >> 4], axis=-1)


def _from_half_bytes(half_bytes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    lower, upper = np.split(half_bytes, 2, axis=-1)
    return lower | upper << 4
