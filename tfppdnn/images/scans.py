"""What a JPEG file may cost to decode: a bound that the size in its header does not give."""

from __future__ import annotations

from typing import BinaryIO

MOST_SCANS = 100
"""A progressive JPEG file has about ten. Each is a walk through the whole image, and thirty bytes
are enough for one: a small file could keep a decoder busy for an hour."""

_START_OF_FILE = b"\xff\xd8\xff"
_START_OF_SCAN = b"\xff\xda"


def has_too_many_scans(file: BinaryIO) -> bool:
    """Says whether a file is a JPEG file of more than `MOST_SCANS`.

    The file's own first bytes are asked: Pillow has another name, MPO, for JPEG files that say
    that they hold several pictures, and decodes them all the same.

    Args:
        file: At its beginning. Of other kinds no more than that is read. What is within a scan
            never looks like the start of one.
    """
    start = file.read(len(_START_OF_FILE))
    return start == _START_OF_FILE and file.read().count(_START_OF_SCAN) > MOST_SCANS
