"""What the rival schemes have in common: a key, an inverse, and a number of keys."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Self

import numpy as np
from numpy.typing import NDArray

from tfppdnn.errors import UserError

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3], RGB."""


@dataclass(frozen=True, kw_only=True)
class Cipher(ABC):
    """A perceptual image cipher, which any other code may treat as a protector.

    Everything random in a cipher follows from its key by a generator whose stream numpy has
    frozen, so a key means the same on every machine and in every release. It is no
    cryptographic generator: `key_space_bits` counts the keys of the scheme, as its
    authors do, not those that an integer key reaches.

    Attributes:
        key: The secret, any whole number from 0.

    Raises:
        UserError: If the key is not a whole number from 0.
    """

    key: int = 0

    def __post_init__(self) -> None:
        if not isinstance(self.key, Integral) or isinstance(self.key, bool) or self.key < 0:
            raise UserError(f"key={self.key!r} is no key: give a whole number, 0 or more")

    def protect(self, images: Images) -> Images:
        """Encrypts a batch of images or a single one.

        Args:
            images: uint8 [N, H, W, 3] or [H, W, 3].

        Returns:
            uint8 of the same shape, or larger where the cipher fills up blocks.

        Raises:
            UserError: If the images have another type or shape.
        """
        if images.ndim == 3:
            return self.protect(images[None])[0]
        return self.encrypt(images)

    def with_key(self, key: int) -> Self:
        """Makes the same cipher under another key, as anyone can who knows the scheme.

        Args:
            key: Any whole number from 0.

        Raises:
            UserError: If it is not one.
        """
        return replace(self, key=key)

    @abstractmethod
    def encrypt(self, images: Images) -> Images:
        """Encrypts images.

        Args:
            images: uint8 [N, H, W, 3].

        Returns:
            uint8 [N, H', W', 3], H' and W' being H and W unless the cipher fills up blocks.

        Raises:
            UserError: If the images have another type or shape.
        """

    @abstractmethod
    def decrypt(self, images: Images, *, size: tuple[int, int] | None = None) -> Images:
        """Undoes `encrypt` exactly.

        Args:
            images: uint8 [N, H', W', 3], as `encrypt` gave them.
            size: Height and width before encryption, to crop what was filled up.

        Returns:
            uint8 [N, H, W, 3], the plain images.

        Raises:
            UserError: If the images cannot come from this cipher's `encrypt`.
        """

    @abstractmethod
    def key_space_bits(self, height: int, width: int) -> float:
        """Gives the binary logarithm of the number of keys: the cost of brute force.

        Args:
            height: Of the image in pixels.
            width: Of the image in pixels.
        """

    def random(self, index: int = 0) -> np.random.RandomState:
        """Starts one of the streams of random numbers that the key stands for.

        Args:
            index: Which stream, from 0.
        """
        seed = np.random.SeedSequence(int(self.key), spawn_key=(index,))
        return np.random.RandomState(np.random.MT19937(seed))


def random_permutations(random: np.random.RandomState, *shape: int) -> NDArray[np.intp]:
    """Draws uniformly random permutations of `shape[-1]` things, one in each row."""
    return random.random_sample(shape).argsort(axis=-1, kind="stable")


def random_negatives(random: np.random.RandomState, *shape: int) -> NDArray[np.uint8]:
    """Draws fair coins: 255, which by XOR makes a value its negative, or 0."""
    return np.where(random.random_sample(shape) < 0.5, np.uint8(255), np.uint8(0))


def log2_factorial(number: int) -> float:
    """Gives log2(number!), the bits of a key that permutes `number` things."""
    return math.lgamma(number + 1) / math.log(2)


def check_images(images: Images) -> None:
    """Makes sure that a cipher can work on an array.

    Raises:
        UserError: If it is not uint8 [N, H, W, 3].
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or images.size == 0:
        raise UserError(
            f"a cipher takes uint8 images of shape [N, height, width, 3], "
            f"not {images.dtype} of shape {images.shape}"
        )
