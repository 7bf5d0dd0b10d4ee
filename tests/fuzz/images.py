"""Picture files, read as `protect` reads them."""

from __future__ import annotations

import io
import random
from pathlib import Path

import numpy as np
from PIL import Image

from .mutating import damaged_bytes
from .target import INSIDE, Case, Outcome

_OTHER_SIZES = ((1, 1), (17, 33), (64, 48))


def pictures() -> dict[str, bytes]:
    """Small pictures of every kind that is read, by name."""
    from tfppdnn.images.formats import readable_formats

    kinds = readable_formats()
    chance = np.random.default_rng(0)
    made: dict[str, bytes] = {}

    def save(name: str, image: Image.Image, kind: str, **options) -> None:
        if kind in kinds:
            content = io.BytesIO()
            image.save(content, kind, **options)
            made[name] = content.getvalue()

    for width, height in _OTHER_SIZES:
        pixels = chance.integers(0, 256, (height, width, 4), np.uint8)
        rgb, rgba = Image.fromarray(pixels[..., :3]), Image.fromarray(pixels)
        grey = Image.fromarray(pixels[..., 0])
        size = f"{width}x{height}"
        exif = Image.Exif()
        exif[0x0112], exif[0x010E] = 6, "a picture"
        save(f"{size}.jpg", rgb, "JPEG", exif=exif)
        save(f"{size}-progressive.jpg", rgb, "JPEG", progressive=True)
        save(f"{size}-cmyk.jpg", rgb.convert("CMYK"), "JPEG")
        save(f"{size}.png", rgba, "PNG")
        save(f"{size}-palette.png", rgb.convert("P"), "PNG", transparency=0)
        save(f"{size}-16.png", Image.fromarray(pixels[..., 0].astype(np.uint16) * 257), "PNG")
        save(f"{size}.webp", rgba, "WEBP")
        save(f"{size}-lossless.webp", rgb, "WEBP", lossless=True)
        save(f"{size}-film.webp", rgb, "WEBP", save_all=True, append_images=[rgb.rotate(90)])
        save(f"{size}.bmp", rgb, "BMP")
        save(f"{size}-palette.bmp", grey, "BMP")
        save(f"{size}.gif", rgb.convert("P"), "GIF", save_all=True, append_images=[grey])
        save(f"{size}.tiff", rgb, "TIFF", compression="tiff_deflate")
        save(f"{size}-lzw.tiff", grey, "TIFF", compression="tiff_lzw")
        save(f"{size}.avif", rgb, "AVIF", quality=60)
        save(f"{size}.heic", rgb, "HEIF", quality=60)
    return made


class Images:
    """Picture files."""

    name = "images"

    def prepare(self, base: Path, place: Path) -> None:
        """Makes the pictures."""
        self._names, self._files = zip(*sorted(pictures().items()), strict=True)

    def case(self, chance: random.Random) -> Case:
        """A damaged picture."""
        number = chance.randrange(len(self._files))
        content = damaged_bytes(chance, self._files[number], self._files)
        return Case("is read", {self._names[number]: content})

    def run(self, case: Case) -> Outcome:
        """Reads it, and encodes what came of it."""
        from tfppdnn.errors import UserError
        from tfppdnn.images.files import encode_png, read_image

        (content,) = case.files.values()
        try:
            pixels = read_image(content)
        except UserError as error:
            return Outcome("refused", _wrong_with(str(error)))
        if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
            return Outcome("read", f"became {pixels.dtype} {pixels.shape}")
        if pixels.size < 2**20:
            encode_png(pixels)
        return Outcome("read")

    def close(self) -> None:
        """Nothing to end."""


def _wrong_with(said: str) -> str | None:
    if "\n" in said or len(said) > 400:
        return f"is refused at length: {said[:400]!r}"
    return f"is refused with {said}" if INSIDE.search(said) else None
