"""Extended learnable encryption (ELE): a key for each block, and the blocks shuffled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.ciphers.blocks import BlockCipher, Blocks, block_count
from tfppdnn.ciphers.cipher import log2_factorial, random_permutations
from tfppdnn.ciphers.half_bytes import KEY_BITS, HalfByteKey


@dataclass(frozen=True, kw_only=True)
class ELE(BlockCipher):
    """Extended learnable encryption (K. Madono, M. Tanaka, M. Onishi, T. Ogawa, AAAI-WS 2020).

    "Block-wise scrambled image recognition using adaptation network": Tanaka's scrambling
    with a key of its own for each place in the image, then a permutation of the blocks.
    All images share the keys.

    Attributes:
        key: The secret, any whole number from 0.
    """

    def key_space_bits(self, height: int, width: int) -> float:
        """Gives B (log2(96!) + log2 C(96, 48)) + log2(B!) for the B blocks of the image."""
        blocks = block_count(height, width)
        return blocks * KEY_BITS + log2_factorial(blocks)

    def _keys(self, blocks: int) -> tuple[HalfByteKey, NDArray[np.intp]]:
        random = self.random()
        return HalfByteKey.draw(random, keys=blocks), random_permutations(random, blocks)

    def _encrypt_blocks(self, blocks: Blocks) -> Blocks:
        half_bytes, order = self._keys(blocks.shape[1])
        return half_bytes.scramble(blocks)[:, order]

    def _decrypt_blocks(self, blocks: Blocks) -> Blocks:
        half_bytes, order = self._keys(blocks.shape[1])
        return half_bytes.unscramble(blocks[:, order.argsort()])
