"""What attackers have, one type for each: nothing else ever reaches them.

Whoever can do more also has what the weaker attacker has, and a type that extends the weaker
one's. An attack that learns takes a type that adds the images it learns from: the arrays are
checked where they are made, by the audit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tfppdnn.errors import UserError
from tfppdnn.protector.scheme import Scheme

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3], RGB."""


@dataclass(frozen=True, kw_only=True)
class KeySpace:
    """How many keys there are to guess: all that brute force needs to know.

    Attributes:
        bits: Binary logarithm of the number of keys; None if the protector has no key.

    Raises:
        UserError: If the bits are negative or not finite.
    """

    bits: float | None

    def __post_init__(self) -> None:
        if self.bits is not None and not 0 <= self.bits < math.inf:
            raise UserError(f"a key space of {self.bits} bits: give 0 or more, or None for no key")

    @classmethod
    def of(cls, protector: Scheme, *, height: int, width: int) -> KeySpace:
        """Asks a protector for the size of its key space.

        Args:
            protector: Any scheme; it has a key if it has a method `key_space_bits(height, width)`.
            height: Of the protected images in pixels.
            width: Of the protected images in pixels.
        """
        key_space_bits = getattr(protector, "key_space_bits", None)
        return cls(bits=None if key_space_bits is None else key_space_bits(height, width))


@dataclass(frozen=True, kw_only=True, eq=False)
class Ciphertexts:
    """What an attacker with nothing but protected images has.

    Attributes:
        targets: uint8 [N, H, W, 3], the protected images to be reconstructed, N at least 1.

    Raises:
        UserError: If the targets have another type or shape.
    """

    targets: Images

    def __post_init__(self) -> None:
        images = self.targets
        if images.dtype != np.uint8 or images.ndim != 4 or images.shape[-1] != 3 or not images.size:
            raise UserError(
                f"the images to attack are {images.dtype} of shape {images.shape}: "
                "give uint8 of shape [N, height, width, 3], N at least 1"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class ChosenPlaintexts(Ciphertexts):
    """What an attacker who can have any image protected has.

    Attributes:
        targets: As in `Ciphertexts`.
        protector: The one that protected the targets, under the same key. An attacker calls
            its `protect` and looks at nothing else. It gets all images at once: wrap one that
            cannot take them in a `tfppdnn.Protector`.
    """

    protector: Scheme


@dataclass(frozen=True, kw_only=True, eq=False)
class UnpairedImages(Ciphertexts):
    """What a ciphertext-only attacker learns from: protected and plain images of other scenes.

    Attributes:
        targets: As in `Ciphertexts`.
        ciphertexts: uint8 [M, H, W, 3], more protected images: Enc(T_1) of Fig. 2.
        plain: uint8 [K, H, W, 3], plain images of the same kind, none of them behind any of
            the ciphertexts: T_2 of Fig. 2.
    """

    ciphertexts: Images
    plain: Images


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassifiedImages(Ciphertexts):
    """What a ciphertext-only attacker has who can have images classified.

    Attributes:
        targets: As in `Ciphertexts`.
        plain: uint8 [M, H, W, 3], plain images of the same kind, M at least 1.
        classify: A classifier of plain images, such as anybody can download or train: uint8
            [N, H, W, 3] to N class indices. It has never seen a protected image.
    """

    plain: Images
    classify: Callable[[Images], NDArray[np.integer]]


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnKeyPairs(Ciphertexts):
    """What an attacker has who runs the scheme on own images, under keys of his own.

    Attributes:
        targets: As in `Ciphertexts`; protected under keys that the attacker does not know.
        ciphertexts: uint8 [M, H, W, 3], the attacker's own images, protected under his keys.
        plain: uint8 [M, H, W, 3], the same images before.
    """

    ciphertexts: Images
    plain: Images


@dataclass(frozen=True, kw_only=True, eq=False)
class OwnedProtector(ChosenPlaintexts):
    """What everybody has who unpacks a client app: the protector, and images to feed it.

    Attributes:
        targets: As in `Ciphertexts`.
        protector: As in `ChosenPlaintexts`.
        plain: uint8 [M, H, W, 3], the attacker's own images; none is behind a target.
    """

    plain: Images

    @cached_property
    def ciphertexts(self) -> Images:
        """uint8 [M, H, W, 3]: the attacker's own images, protected when first needed, once."""
        return self.protector.protect(self.plain) if len(self.plain) else self.plain

    @cached_property
    def without_noise(self) -> Images:
        """uint8 [M, H, W, 3]: the same without the noise that the protector draws, if it does.

        Whoever owns it owns its noise: nearest to what noise made of a picture is, most often, what
        becomes of one like it without. Who learns from pairs has to learn from `ciphertexts`, as
        they are drawn like the targets.
        """
        quiet = getattr(self.protector, "without_noise", lambda: self.protector)()
        if quiet is self.protector or not len(self.plain):
            return self.ciphertexts
        return quiet.protect(self.plain)


@dataclass(frozen=True, kw_only=True, eq=False)
class Views(OwnedProtector):
    """What the owner of a protector has who sees each scene more than once.

    Attributes:
        targets: As in `Ciphertexts`.
        protector: As in `ChosenPlaintexts`.
        plain: As in `OwnedProtector`.
        views: Each uint8 [N, H, W, 3]: further protected views of the scenes of all targets, each
            of the plain image moved by `tfppdnn.images.shifting.shifted`.
    """

    views: Sequence[Images]


@dataclass(frozen=True, kw_only=True, eq=False)
class DescribedImages(OwnedProtector):
    """What the owner of a protector has who knows what his own images are like.

    Attributes:
        targets: As in `Ciphertexts`.
        protector: As in `ChosenPlaintexts`.
        plain: As in `OwnedProtector`.
        attributes: By their names, int64 [M], of his own images; see
            `tfppdnn.leakage.attributes_of`.
    """

    attributes: Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Suspects(OwnedProtector):
    """What the owner of a protector has who wants to know which pictures it was trained on.

    Attributes:
        targets: uint8 [N, H, W, 3], the suspects, protected.
        protector: As in `ChosenPlaintexts`.
        plain: uint8 [M, H, W, 3], pictures of which he knows whether they were in its training.
        labels: int64 [M], their classes.
        was_in: bool [M], whether they were; None if nobody knows what it was trained on.
        suspects: uint8 [N, H, W, 3], the pictures of which he does not know.
        suspect_labels: int64 [N], their classes.
        numbers: What the protector's network says of pictures before it rounds its numbers to a
            code, uint8 [K, H, W, 3] to float32 [K, D]; None if it has no code, or came without.
    """

    labels: NDArray[np.int64]
    was_in: NDArray[np.bool_] | None
    suspects: Images
    suspect_labels: NDArray[np.int64]
    numbers: Callable[[Images], NDArray[np.float32]] | None


@dataclass(frozen=True, kw_only=True, eq=False)
class WhiteBox(OwnedProtector):
    """What an attacker has who can also differentiate the protector.

    Attributes:
        targets: As in `Ciphertexts`.
        protector: As in `ChosenPlaintexts`.
        plain: As in `OwnedProtector`.
        differentiable: The protector before rounding, a Keras model or any function that
            TensorFlow can differentiate: float32 [N, H, W, 3] in [0, 1] to the same. None
            if the protector came without.
    """

    differentiable: Callable | None
