"""The images of one request, checked before anything large is made of them."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
from PIL import Image

from tfppdnn.images.chunks import has_too_many_chunks
from tfppdnn.images.files import rgb_of_deep_grey
from tfppdnn.images.scans import MOST_SCANS, has_too_many_scans
from tfppdnn.serving.refusal import Refusal, invalid

# A request within it is 50 MB of pixels; TensorFlow, where it runs the classifier, needs 400 MB.
MAX_PIXELS = 2**24
INPUT_NAMES = {"serving_default": "image", "encoded": "image_bytes"}
"""By signature, the name of its one input."""

_FORMATS = ("JPEG", "PNG")


@dataclasses.dataclass(frozen=True)
class RequestImages:
    """The input of one request.

    Attributes:
        signature: `serving_default` or `encoded`.
        values: uint8 [N, H, W, 3], or for `encoded` objects of bytes [N], JPEG or PNG.
        pixels: Width times height of all of them together.
    """

    signature: str
    values: np.ndarray
    pixels: int

    def __len__(self) -> int:
        return len(self.values)

    def decoded(self) -> list[np.ndarray]:
        """Returns the images as uint8 [N, H, W, 3], one array for each size among them.

        Raises:
            Refusal: An encoded image is broken.
        """
        if self.signature == "serving_default":
            return [self.values] if len(self) else []
        by_size: dict[tuple[int, ...], list[np.ndarray]] = {}
        for pixels in map(decoded, self.values):
            by_size.setdefault(pixels.shape, []).append(pixels)
        return [np.stack(images) for images in by_size.values()]


def refuse_too_many(count: int, most: int) -> None:
    """Refuses a request of more images than a batch takes."""
    if count > most:
        raise invalid(
            f"Task size {count} is larger than maximum batch size {most}; send fewer images in "
            "one request"
        )


def checked_images(signature: str, values: np.ndarray, *, most: int) -> RequestImages:
    """Checks the input of a request.

    Args:
        signature: `serving_default` or `encoded`.
        values: An array of uint8, or of bytes as objects, of any shape.
        most: Images that a request may have.

    Raises:
        Refusal: The shape is wrong, an encoded image is neither JPEG nor PNG, or one of too many
            scans or chunks, or there are more than `MAX_PIXELS` pixels or `most` images.
    """
    name = INPUT_NAMES[signature]
    if signature == "encoded":
        if values.ndim != 1:
            raise invalid(f"{name} must have shape [N], not {list(values.shape)}")
        # Before any of them is opened: a request holds a hundred thousand headers.
        refuse_too_many(len(values), most)
        pixels = sum(_pixels_of(encoded) for encoded in values)
    else:
        if values.ndim != 4 or values.shape[3] != 3 or 0 in values.shape[1:3]:
            raise invalid(f"{name} must have shape [N, H, W, 3], not {list(values.shape)}")
        pixels = values.size // 3
    if pixels > MAX_PIXELS:
        raise invalid(
            f"the images of one request may have {MAX_PIXELS} pixels together, not {pixels}; "
            "send fewer, or make them smaller"
        )
    refuse_too_many(len(values), most)
    return RequestImages(signature, values, pixels)


def decoded(encoded: bytes) -> np.ndarray:
    """Decodes a JPEG or PNG file, as the SavedModel does, to uint8 [H, W, 3].

    A greyscale or palette image becomes RGB, of 16 bits the upper 8 are kept, an alpha channel is
    dropped and an EXIF orientation is not applied.

    Raises:
        Refusal: It is broken, or something else.
    """
    try:
        with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
            if image.mode.startswith("I"):
                return rgb_of_deep_grey(image)
            return np.asarray(image.convert("RGB"))
    except Exception:
        # Decoders answer damaged bytes with errors of every kind.
        raise undecodable() from None


def resized(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Resizes uint8 [H, W, 3] bilinearly, and antialiased when made smaller, to a height and width.

    The longer side comes first: else Pillow before version 13 would make a copy as high as the
    picture and as wide as the result, gigabytes of a picture one pixel wide.
    """
    height, width = size
    if picture.shape[:2] == size:
        return picture
    image = Image.fromarray(picture)
    if image.height > image.width:
        image = image.resize((image.width, height), Image.Resampling.BILINEAR)
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _pixels_of(encoded: bytes) -> int:
    if has_too_many_chunks(io.BytesIO(encoded)):
        raise invalid("a PNG of image_bytes has more chunks than any needs; write it anew")
    try:
        # Reads the header only: a small file may unfold to gigabytes.
        with Image.open(io.BytesIO(encoded), formats=_FORMATS) as image:
            pixels = image.width * image.height
    except Image.DecompressionBombError:
        raise invalid(f"an image of image_bytes has more than {MAX_PIXELS} pixels") from None
    except Exception:
        # Decoders answer damaged bytes with errors of every kind.
        raise undecodable() from None
    if has_too_many_scans(io.BytesIO(encoded)):
        raise invalid(f"a JPEG of image_bytes has more than {MOST_SCANS} scans; send PNG files")
    return pixels


def undecodable() -> Refusal:
    """What a broken image is refused with."""
    return invalid("cannot decode image_bytes; each must be one whole JPEG or PNG file")
