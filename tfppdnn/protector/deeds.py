"""Telling a protector that has no files from any other: by what it does."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence

import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.protector.checked import CheckedScheme
from tfppdnn.protector.scheme import Scheme

# Of the images that it is tried on; the first that it takes counts.
_SIZES = ((32, 32), (96, 96), (224, 224))


def deeds(scheme: Scheme, *, name: str, sizes: Sequence[tuple[int, int]] = _SIZES) -> str:
    """Digests what a scheme makes of two images. Its source would not tell of its state.

    Args:
        scheme: Any. One that draws anew for every image is another each time.
        name: What messages call it.
        sizes: Heights and widths to try.

    Raises:
        UserError: It fails on images of all of these sizes.
    """
    for size in sizes[:-1]:
        with contextlib.suppress(UserError):
            return _digest(scheme, name, size)
    return _digest(scheme, name, sizes[-1])


def _digest(scheme: Scheme, name: str, size: tuple[int, int]) -> str:
    images = np.random.default_rng(0).integers(0, 256, (2, *size, 3), np.uint8)
    protected = CheckedScheme(scheme, name=name).protect(images)
    return hashlib.sha256(protected.tobytes()).hexdigest()[:16]
