"""What a JPEG file may cost to decode: a bound that the size in its header does not give."""

from __future__ import annotations

import re
from typing import BinaryIO

MOST_SCANS = 100
"""A progressive JPEG file has about ten. Each is a walk through the whole image, and thirty bytes
are enough for one: a small file could keep a decoder busy for an hour."""

_START_OF_FILE = b"\xff\xd8\xff"
_START_OF_SCAN = b"\xff\xda"
_END_OF_IMAGE = b"\xd9"
# What begins a part of a file, but for what has neither length nor content.
_MARKER = re.compile(rb"\xff+([\x02-\xcf\xd9-\xfe])")


def has_too_many_scans(file: BinaryIO) -> bool:
    """Says whether a file is a JPEG file of more than `MOST_SCANS`.

    The file's own first bytes are asked: Pillow has another name, MPO, for JPEG files that say
    that they hold several pictures, and decodes them all the same. What stands behind the picture,
    as the film of a phone's motion photo does, is not decoded and does not count.

    Args:
        file: At its beginning. Of other kinds no more than that is read.
    """
    start = file.read(len(_START_OF_FILE))
    if start != _START_OF_FILE:
        return False
    content = file.read()
    # Rarely more: then it is worth to walk from part to part, as decoders do.
    return content.count(_START_OF_SCAN) > MOST_SCANS and _scans(start + content) > MOST_SCANS


def _scans(content: bytes) -> int:
    """Counts the scans of a JPEG file up to the end of its first picture."""
    scans, place = 0, 2
    while (found := _MARKER.search(content, place)) and found[1] != _END_OF_IMAGE:
        scans += found[1] == _START_OF_SCAN[1:]
        # What follows a scan's head never looks like a marker.
        length = int.from_bytes(content[found.end() : found.end() + 2], "big")
        place = found.end() + max(2, length)
    return scans
