"""Single images: nothing but pixels comes in, and nothing but pixels goes out."""

from __future__ import annotations

import contextlib
import io
import os
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tfppdnn.errors import UserError
from tfppdnn.images.chunks import MOST_CHUNKS, has_too_many_chunks
from tfppdnn.images.formats import KINDS, missing_reader, readable_formats
from tfppdnn.images.scans import MOST_SCANS, has_too_many_scans

DEFAULT_MAX_PIXELS = 64_000_000
# Pillow itself refuses to open an image of more than about 179 megapixels.
LARGEST_MAX_PIXELS = 178_000_000


def read_image(
    path: str | os.PathLike[str] | bytes, *, max_pixels: int = DEFAULT_MAX_PIXELS
) -> np.ndarray:
    """Reads a JPEG, PNG, WebP, BMP, GIF or TIFF image as upright 8-bit RGB.

    AVIF needs a Pillow that knows it (11.3), HEIC the package pillow-heif.

    The size is checked in the file's header, before anything is decoded. Greyscale is
    repeated to three channels; of 16 bits the upper 8 are kept; transparent parts are
    laid on white; CMYK is converted; the rotation noted in EXIF is carried out. Colour
    profiles are not applied. Of an animation or of several pages the first picture is read.

    Args:
        path: The image file, or what it holds. Its contents count, not its suffix.
        max_pixels: Largest width times height that is decoded.

    Returns:
        uint8 [H, W, 3], RGB.

    Raises:
        UserError: The file is missing, empty, damaged, no such image, too large, a JPEG of more
            scans or a PNG of more chunks than any needs; or it holds numbers of 32 bits, of which
            nobody knows what is black and what is white.
    """
    held = path if isinstance(path, bytes) else None
    path = Path("the image" if held is not None else path)
    if held is None and not os.path.isfile(path):  # noqa: PTH113  (is_file may raise)
        raise UserError(
            f"{path} is not a file that can be read; check that it exists and its permissions"
        )

    def opened():
        return path.open("rb") if held is None else io.BytesIO(held)

    try:
        with opened() as file:
            if has_too_many_chunks(file):  # Pillow reads them as it opens the file.
                raise UserError(
                    f"{path} is a PNG file of more than {MOST_CHUNKS} chunks beside its pixels, as "
                    "none is by honest means; save it anew"
                )
            file.seek(0)
            with Image.open(file, formats=readable_formats()) as image:
                width, height = image.size
                if width * height > max_pixels:
                    raise UserError(
                        f"{path} is {width} x {height} pixels, more than "
                        f"--max_pixels={max_pixels}; make the image smaller, or raise it"
                    )
                place = file.tell()
                file.seek(0)
                if has_too_many_scans(file):
                    raise UserError(
                        f"{path} is a JPEG file of more than {MOST_SCANS} scans, as none is by "
                        "honest means; save it anew"
                    )
                file.seek(place)
                return upright_rgb(image, name=str(path))
    except UserError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise UserError(
            f"{path} has more pixels than --max_pixels={max_pixels}; make the image smaller"
        ) from None
    except UnidentifiedImageError:
        with opened() as file:
            raise UserError(f"{path} {_why_none(file.read(32))}") from None
    except MemoryError:
        raise UserError(f"{path} does not fit into memory; make the image smaller") from None
    except Exception as error:
        # Decoders answer damaged bytes with errors of every kind, from SyntaxError to zlib.error.
        detail = " ".join(str(error).split()) or type(error).__name__
        raise UserError(
            f"{path} cannot be read ({detail}); restore it from its original or remove it"
        ) from error


def _why_none(start: bytes) -> str:
    reason = f"is not a {KINDS} image, or damaged" if start else "is empty"
    return missing_reader(start) or f"{reason}; replace it with an image or remove it"


def encode_png(image: np.ndarray) -> bytes:
    """Encodes uint8 [H, W, 3] pixels, RGB, as a PNG file without any metadata."""
    encoded = io.BytesIO()
    # Protected images look like noise: harder compression costs time and saves next to nothing.
    Image.fromarray(image).save(encoded, "PNG", compress_level=1)
    return encoded.getvalue()


def upright_rgb(image: Image.Image, *, name: str = "the picture") -> np.ndarray:
    """Turns a Pillow image into upright 8-bit RGB, uint8 [H, W, 3], as `read_image` says.

    Args:
        image: Of any mode.
        name: What a message calls it.

    Raises:
        UserError: It holds numbers of 32 bits, of which nobody knows what is white.
    """
    # A PNG file's 16 bits are of mode "I", too, to earlier versions of Pillow.
    if image.mode == "F" or (image.mode == "I" and image.format != "PNG"):
        raise UserError(f"{name} holds numbers of 32 bits; save it with 8 bits a channel")
    image.load()
    # Of a TIFF file: how many bits a number has (258), and whether 0 is white (262).
    tags = getattr(image, "tag_v2", {})
    (bits, *_), inverted = tags.get(258, (16,)), tags.get(262) == 0
    # A broken EXIF block does not make the picture unreadable.
    with contextlib.suppress(Exception):
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):
        return rgb_of_deep_grey(image, bits=bits, inverted=inverted)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return np.array(image.convert("RGB"))


def rgb_of_deep_grey(image: Image.Image, *, bits: int = 16, inverted: bool = False) -> np.ndarray:
    """Turns greyscale of more than 8 bits into 8-bit RGB, uint8 [H, W, 3].

    The upper 8 bits are kept: Pillow's own conversion clips at 255 instead of scaling.

    Args:
        image: Of a mode that begins with I.
        bits: Of a number, 8 to 16.
        inverted: Whether 0 is white.
    """
    grey = np.asarray(image).astype(np.int32) >> max(bits - 8, 0)
    grey = grey.clip(0, 255).astype(np.uint8)
    grey = 255 - grey if inverted else grey
    return np.repeat(grey[:, :, np.newaxis], 3, axis=2)
