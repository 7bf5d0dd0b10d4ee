"""What a PNG file may cost to decode: a bound that the size in its header does not give."""

from __future__ import annotations

import os
from typing import BinaryIO

MOST_CHUNKS = 100
"""Beside those of pixels. A file has some ten. Each may hold a colour profile that unfolds to a
megabyte: a small file could keep a decoder busy for a minute."""
MOST_CHUNKS_OF_PIXELS = 20_000
"""Writers give each 8 KB and more."""

# The latter two are those of an animation, two and more a frame.
_OF_PIXELS = frozenset({b"IDAT", b"fdAT", b"fcTL"})
_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def has_too_many_chunks(file: BinaryIO) -> bool:
    """Says whether a file is a PNG file of more chunks than any needs; of other kinds, no.

    Args:
        file: At its beginning. What is read of it are names and lengths.
    """
    if file.read(len(_SIGNATURE)) != _SIGNATURE:
        return False
    others = of_pixels = 0
    # A length, a name, as many bytes, and a checksum.
    while len(head := file.read(8)) == 8:
        length, name = int.from_bytes(head[:4], "big"), head[4:]
        if name in _OF_PIXELS:
            of_pixels += 1
        else:
            others += 1
        if others > MOST_CHUNKS or of_pixels > MOST_CHUNKS_OF_PIXELS:
            return True
        file.seek(length + 4, os.SEEK_CUR)
    return False
