"""Tanaka's learnable encryption (LE): one key scrambles the half-bytes of every block."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tfppdnn.ciphers.blocks import BlockCipher, Blocks
from tfppdnn.ciphers.half_bytes import KEY_BITS, HalfByteKey


@dataclass(frozen=True, kw_only=True)
class Tanaka(BlockCipher):
    """Learnable image encryption (M. Tanaka, ICCE-TW 2018), reference [10] of the paper.

    Every block of 4 x 4 pixels gives 96 values of 4 bits, the upper and lower halves of its
    48 bytes. With the same key for all blocks and images: half of the values are inverted
    (15 - v), all are permuted, the values now at the inverted places are inverted again,
    and the halves are put together to bytes.

    Attributes:
        key: The secret, any whole number from 0.
        classifier_front: Its adaptation network, part of the scheme: see `models.fronts`.
        gan_generator: The GAN attack's generator that undoes whole blocks (Fig. 4a).
    """

    classifier_front: ClassVar[str] = "block_adaptation"
    gan_generator: ClassVar[str] = "block"

    def key_space_bits(self, height: int, width: int) -> float:
        """Gives log2(96!) + log2 C(96, 48), whatever the image size: all blocks share a key."""
        return KEY_BITS

    def _key(self) -> HalfByteKey:
        return HalfByteKey.draw(self.random(), keys=1)

    def _encrypt_blocks(self, blocks: Blocks) -> Blocks:
        return self._key().scramble(blocks)

    def _decrypt_blocks(self, blocks: Blocks) -> Blocks:
        return self._key().unscramble(blocks)
