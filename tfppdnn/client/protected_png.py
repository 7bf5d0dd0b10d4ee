"""From a plain image to a protected PNG file: the one way by which anything leaves a client."""

from __future__ import annotations

import os

import numpy as np

from tfppdnn.client.unprotected import refuse_other_size, refuse_unprotected
from tfppdnn.errors import UserError
from tfppdnn.images.files import DEFAULT_MAX_PIXELS, encode_png, read_image
from tfppdnn.images.resizing import resize_square
from tfppdnn.protector.scheme import Scheme, as_batch, draws_noise

ImageLike = str | os.PathLike[str] | bytes | np.ndarray
"""The path of an image file, what it holds, or its pixels: uint8 RGB [H, W, 3]."""


def protected_png(
    image: ImageLike,
    protector: Scheme,
    *,
    name: str,
    size: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> bytes:
    """Reads an image, resizes and protects it, and makes a PNG file of what may be seen of it.

    Args:
        image: A file, see `read_image`, or pixels.
        protector: What protects; a `Protector`, or anything that does as much.
        name: What messages call the image.
        size: It is cropped to its central square and resized to this side (bilinear, antialiased,
            as training does it) before it is protected. None leaves it as it is.
        max_pixels: A larger file is not decoded.

    Returns:
        The file, which holds pixels only.

    Raises:
        UserError: It cannot be read or protected, or the protector, if it draws no noise, leaves
            more than one pixel in a hundred as it was.
    """
    if not isinstance(image, np.ndarray):
        image = read_image(image, max_pixels=max_pixels)
    try:
        (plain,) = as_batch(image)
        if size is not None:
            plain = resize_square(plain, size)
        # A copy: the protector may work in place, and it is compared with the plain image.
        protected = protector.protect(plain.copy())
        refuse_other_size(protected, plain)
        # What noise makes is sent, whatever it is: to look at the plain picture once more would
        # tell of it, and what is differentially private would be so no longer.
        if not draws_noise(protector):
            refuse_unprotected(protected, plain)
    except (UserError, MemoryError, ValueError) as error:
        raise UserError(f"{name} cannot be protected: {error}") from error
    return encode_png(protected)
