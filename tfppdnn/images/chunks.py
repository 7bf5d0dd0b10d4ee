"""What a PNG file may cost to decode: a bound that the size in its header does not give."""

from __future__ import annotations

MOST_CHUNKS = 100
"""Beside those of pixels. A file has some ten. Each may hold a colour profile that unfolds to a
megabyte: a small file could keep a decoder busy for a minute."""
MOST_CHUNKS_OF_PIXELS = 20_000
"""Writers give each 8 KB and more."""

_SIGNATURE = b"\x89PNG\r\n\x1a\n"


def has_too_many_chunks(content: bytes) -> bool:
    """Says whether a file is a PNG file of more chunks than any needs; of other kinds, no."""
    if not content.startswith(_SIGNATURE):
        return False
    others = of_pixels = 0
    place = len(_SIGNATURE)
    while place < len(content):
        # A length, a name, as many bytes, and a checksum.
        length, name = content[place : place + 4], content[place + 4 : place + 8]
        if name == b"IDAT":
            of_pixels += 1
        else:
            others += 1
        if others > MOST_CHUNKS or of_pixels > MOST_CHUNKS_OF_PIXELS:
            return True
        place += 12 + int.from_bytes(length, "big")
    return False
