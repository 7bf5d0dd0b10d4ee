"""Pixel-based encryption: every pixel inverted and recoloured by itself."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tfppdnn.ciphers.cipher import (
    Cipher,
    Images,
    check_images,
    random_negatives,
    random_permutations,
)
from tfppdnn.errors import UserError


class _Key(NamedTuple):
    negative: NDArray[np.uint8]  # [1, H, W, 3], 255 where v becomes 255 - v
    channels: NDArray[np.intp]  # [1, H, W, 3], which channel each channel receives

    def encrypt(self, images: Images) -> Images:
        return np.take_along_axis(images ^ self.negative, self.channels, axis=3)

    def decrypt(self, images: Images) -> Images:
        return np.take_along_axis(images, self.channels.argsort(axis=3), axis=3) ^ self.negative


@dataclass(frozen=True, kw_only=True)
class _PixelBased(Cipher):
    gan_generator: ClassVar[str] = "pixel"

    def key_space_bits(self, height: int, width: int) -> float:
        """Gives H W (3 + log2 6): three inversions and one of six orders per pixel."""
        return height * width * (3 + math.log2(6))

    def _key(self, images: Images, index: int = 0) -> _Key:
        random = self.random(index)
        shape = (1, *images.shape[1:])
        return _Key(random_negatives(random, *shape), random_permutations(random, *shape))


@dataclass(frozen=True, kw_only=True)
class PixelBasedSameKey(_PixelBased):
    """Pixel-based encryption, one key for all images (Sirichotedumrong et al., ICIP 2019).

    "Privacy-preserving deep neural networks with pixel-based image encryption considering
    data augmentation in the encrypted domain", reference [14] of the paper. Each value of
    each pixel becomes its negative (v XOR 255) with probability 1/2; then the three values
    of each pixel are permuted in one of the six ways. The size stays as it is.

    Attributes:
        key: The secret, any whole number from 0.
        gan_generator: The GAN attack's generator that treats pixels one by one (Fig. 4b).
    """

    def encrypt(self, images: Images) -> Images:
        """Encrypts images, all under the same key; see `Cipher.encrypt`."""
        check_images(images)
        return self._key(images).encrypt(images)

    def decrypt(self, images: Images, *, size: tuple[int, int] | None = None) -> Images:
        """Undoes `encrypt` exactly; the size never changed and need not be given."""
        check_images(images)
        return self._key(images).decrypt(images)


@dataclass(frozen=True, kw_only=True)
class PixelBasedDifferentKeys(_PixelBased):
    """Pixel-based encryption, a key for each image (Sirichotedumrong et al., IEEE Access 2019).

    "Pixel-based image encryption without key management for privacy-preserving deep neural
    networks", reference [15] of the paper: as `PixelBasedSameKey`, but each image has its
    own key, which follows from `key` and an index.

    Attributes:
        key: The secret, any whole number from 0.
        gan_generator: The GAN attack's generator that treats pixels one by one (Fig. 4b).
        repeats: Whether a picture is always encrypted alike. Here it is, so that all can be made
            again; whoever uses the scheme draws a key each time.
    """

    repeats: ClassVar[bool] = False

    def protect(self, images: Images) -> Images:
        """Encrypts a batch of images or a single one, each image under its own key.

        What is protected is never decrypted, so the index of a key comes from the image's
        contents: no two images share a key, in whatever batches they come.

        Args:
            images: uint8 [N, H, W, 3] or [H, W, 3].

        Returns:
            uint8 of the same shape.

        Raises:
            UserError: If the images have another type or shape.
        """
        if images.ndim == 3:
            return self.protect(images[None])[0]
        return self.encrypt(images, indices=[_fingerprint(image) for image in images])

    def encrypt(self, images: Images, *, indices: Sequence[int] | None = None) -> Images:
        """Encrypts images, each under its own key.

        Args:
            images: uint8 [N, H, W, 3].
            indices: Which of the keys each image has, from 0; 0, 1, ... N - 1 if not given.

        Returns:
            uint8 [N, H, W, 3].

        Raises:
            UserError: If the images have another type or shape, or their number is not
                that of the indices.
        """
        keys = self._keys(images, indices)
        pairs = zip(keys, images, strict=True)
        return np.concatenate([key.encrypt(image[None]) for key, image in pairs])

    def decrypt(
        self,
        images: Images,
        *,
        size: tuple[int, int] | None = None,
        indices: Sequence[int] | None = None,
    ) -> Images:
        """Undoes `encrypt` exactly.

        Args:
            images: uint8 [N, H, W, 3], as `encrypt` gave them.
            size: Not needed, since it never changed.
            indices: As they were given to `encrypt`.

        Returns:
            uint8 [N, H, W, 3], the plain images.

        Raises:
            UserError: As `encrypt`.
        """
        keys = self._keys(images, indices)
        pairs = zip(keys, images, strict=True)
        return np.concatenate([key.decrypt(image[None]) for key, image in pairs])

    def _keys(self, images: Images, indices: Sequence[int] | None) -> Iterator[_Key]:
        check_images(images)
        indices = range(len(images)) if indices is None else indices
        if len(indices) != len(images):
            raise UserError(
                f"{len(indices)} key indices for {len(images)} images: give one for each"
            )
        return (self._key(images, int(index)) for index in indices)


def _fingerprint(image: NDArray[np.uint8]) -> int:
    return int.from_bytes(hashlib.blake2b(image.tobytes(), digest_size=8).digest(), "big")
