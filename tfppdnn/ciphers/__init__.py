"""The rival schemes: perceptual image ciphers of the literature, made by name."""

from __future__ import annotations

from tfppdnn.ciphers.cipher import Cipher
from tfppdnn.ciphers.ele import ELE
from tfppdnn.ciphers.etc import EtC
from tfppdnn.ciphers.pixel_based import PixelBasedDifferentKeys, PixelBasedSameKey
from tfppdnn.ciphers.tanaka import Tanaka
from tfppdnn.errors import UserError

__all__ = [
    "CIPHERS",
    "ELE",
    "Cipher",
    "EtC",
    "PixelBasedDifferentKeys",
    "PixelBasedSameKey",
    "Tanaka",
    "make_cipher",
]

CIPHERS: dict[str, type[Cipher]] = {
    "tanaka": Tanaka,
    "pixel_same": PixelBasedSameKey,
    "pixel_different": PixelBasedDifferentKeys,
    "ele": ELE,
    "etc": EtC,
}
"""Every cipher by the name it has on the command line."""


def make_cipher(name: str, *, key: int = 0) -> Cipher:
    """Makes a cipher.

    Args:
        name: One of `CIPHERS`.
        key: The secret, any whole number from 0.

    Raises:
        UserError: If there is no such cipher or the key is not a whole number from 0.
    """
    if name not in CIPHERS:
        raise UserError(f"there is no cipher {name!r}: choose from {', '.join(CIPHERS)}")
    return CIPHERS[name](key=key)
