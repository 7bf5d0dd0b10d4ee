"""What a JPEG file may cost to decode: a bound that the size in its header does not give."""

from __future__ import annotations

MOST_SCANS = 100
"""A progressive JPEG file has about ten. Each is a walk through the whole image, and thirty bytes
are enough for one: a small file could keep a decoder busy for an hour."""

_START_OF_SCAN = b"\xff\xda"


def has_too_many_scans(encoded: bytes) -> bool:
    """Says whether a JPEG file has more than `MOST_SCANS`.

    Args:
        encoded: The whole file. What is within a scan never looks like the start of one.
    """
    return encoded.count(_START_OF_SCAN) > MOST_SCANS
