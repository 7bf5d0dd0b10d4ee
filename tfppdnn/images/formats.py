"""Which kinds of picture files are read, and what it takes to read the others."""

from __future__ import annotations

import contextlib
import functools

from PIL import features

SUFFIXES = frozenset(
    ".jpg .jpeg .jfif .png .webp .bmp .gif .tif .tiff .avif .heic .heif".split()  # noqa: SIM905
)
"""Of files that are pictures by their names, whether or not they can be read here."""

KINDS = "JPEG, PNG, WebP, BMP, GIF, TIFF, AVIF or HEIC"
"""What messages call the kinds."""

_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


@functools.cache
def readable_formats() -> tuple[str, ...]:
    """Pillow's names of the kinds that this installation reads."""
    found = ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"]
    # Pillow 11.3 was the first to know of AVIF, and can be built without.
    if "avif" in features.modules and features.check("avif"):
        found.append("AVIF")
    with contextlib.suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()
        found.append("HEIF")
    return tuple(found)


def missing_reader(start: bytes) -> str | None:
    """Says what a file is and which package reads it, if it is of a kind that is not read here.

    Args:
        start: The first 32 bytes of the file or more.
    """
    if start[4:8] != b"ftyp":
        return None
    # The brands of ISO/IEC 14496-12, 4.3: the main one, a version, and others that fit.
    if {b"avif", b"avis"} & {start[place : place + 4] for place in range(8, 32, 4)}:
        kind, package = "AVIF", "pillow>=11.3"
    elif start[8:12] in _HEIF_BRANDS:
        kind, package = "HEIF", "pillow-heif"
    else:
        return None
    if kind in readable_formats():
        return None
    name = "HEIC" if kind == "HEIF" else kind
    return f"is {name}, which takes the package {package}; run: pip install '{package}'"
