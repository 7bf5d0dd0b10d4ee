"""Encryption-then-compression (EtC): blocks shuffled, turned, inverted and recoloured."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfppdnn.ciphers.blocks import SIDE, BlockCipher, Blocks, block_count
from tfppdnn.ciphers.cipher import log2_factorial, random_negatives, random_permutations

_PIXELS = np.arange(SIDE**2).reshape(SIDE, SIDE)
# The eight ways to lay a square on itself: four rotations, as they are and mirrored.
_TURNS = np.array(
    [
        np.rot90(square, quarters).ravel()
        for square in (_PIXELS, _PIXELS[:, ::-1])
        for quarters in range(4)
    ]
)


class _Key(NamedTuple):
    order: NDArray[np.intp]  # [B], which block each place receives
    turn: NDArray[np.intp]  # [B, 16, 1], which pixel each place receives
    negative: NDArray[np.uint8]  # [B, 1, 1], 255 where a block becomes its negative
    channels: NDArray[np.intp]  # [B, 1, 3], which channel each channel receives


@dataclass(frozen=True, kw_only=True)
class EtC(BlockCipher):
    """Block scrambling for encryption-then-compression (Kurihara et al. 2015, Chuman et al. 2019).

    The four steps of "An encryption-then-compression system for JPEG standard" (PCS 2015)
    and "Encryption-then-compression systems using grayscale-based image encryption for
    JPEG images" (IEEE TIFS 2019): permute the blocks; rotate and mirror each; make each
    its negative with probability 1/2; permute the colour channels of each. All images
    share the key. The blocks are 4 x 4 pixels, as where EtC is compared with LE and ELE
    on small images; for JPEG they would be 16 x 16.

    Attributes:
        key: The secret, any whole number from 0.
    """

    def key_space_bits(self, height: int, width: int) -> float:
        """Gives log2(B! 8^B 2^B 6^B) for the B blocks of the image."""
        blocks = block_count(height, width)
        return log2_factorial(blocks) + blocks * math.log2(8 * 2 * 6)

    def _key(self, blocks: int) -> _Key:
        random = self.random()
        return _Key(
            order=random_permutations(random, blocks),
            turn=_TURNS[(8 * random.random_sample(blocks)).astype(int)][:, :, None],
            negative=random_negatives(random, blocks, 1, 1),
            channels=random_permutations(random, blocks, 1, 3),
        )

    def _encrypt_blocks(self, blocks: Blocks) -> Blocks:
        key = self._key(blocks.shape[1])
        blocks = np.take_along_axis(blocks[:, key.order], key.turn[None], axis=2)
        return np.take_along_axis(blocks ^ key.negative, key.channels[None], axis=3)

    def _decrypt_blocks(self, blocks: Blocks) -> Blocks:
        key = self._key(blocks.shape[1])
        turn, channels = key.turn.argsort(axis=1), key.channels.argsort(axis=2)
        blocks = np.take_along_axis(blocks, channels[None], axis=3) ^ key.negative
        return np.take_along_axis(blocks, turn[None], axis=2)[:, key.order.argsort()]
