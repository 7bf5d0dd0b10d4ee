"""`python -m tfppdnn protect`: protect image files with a trained protector."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.cli.options import (
    LARGEST_SIZE,
    checked_flag,
    checked_number,
    refuse_unfitted,
)
from tfppdnn.client.folder import protect_files
from tfppdnn.client.notices import canvas_notice, default_protector_notice
from tfppdnn.errors import UserError
from tfppdnn.images.files import DEFAULT_MAX_PIXELS, LARGEST_MAX_PIXELS
from tfppdnn.protector.protector import Protector
from tfppdnn.protector.shipped import DEFAULT


@SetParseFns(src=str, dst=str, protector=str)  # a folder named 2024_01 is no number
def protect(
    src: str | os.PathLike[str],
    dst: str | os.PathLike[str],
    *,
    protector: str | os.PathLike[str] | None = None,
    size: int | None = None,
    overwrite: bool = False,
    workers: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    trust: bool = False,
) -> tuple[dict[str, Any], int]:
    """Turns images into protected ones that a classifier can use; the card says what they hide.

    JPEG, PNG, WebP, BMP, TIFF (its first page) and GIF files (their first picture), AVIF files
    where Pillow reads them and HEIC files where the package pillow-heif is installed become PNG
    files under the same names in DST: SRC/a/photo.jpg becomes DST/a/photo.png. Two images that
    differ in the suffix only keep it: photo.jpg.png and photo.webp.png. File names are kept,
    metadata (EXIF, place, camera) is not. Images whose output exists are skipped, so the same
    command goes on after a stop. DST keeps a digest of the protector in .tfppdnn.json, so that
    no other protector's images come in between. An image of which the protector leaves more
    than one pixel in a hundred as it was is not written.

    Examples:
        With the protector for photographs that ships with tfppdnn:

            python -m tfppdnn protect photo.jpg protected --protector=photos --size=224

        Train a protector on the embedded digits, then protect a folder of photos:

            python -m tfppdnn train --out=runs/digits
            python -m tfppdnn protect photos protected --protector=runs/digits --size=32

        One image, and a pattern (in quotes, or the shell takes it apart):

            python -m tfppdnn protect photo.jpg protected --protector=runs/digits
            python -m tfppdnn protect 'photos/**/*.jpg' protected --protector=protector.tflite

    Exit code 0: all done. 1: some files failed, each named on stderr, the others are done.
    2: the call is wrong or the disk is full; what was made stays.

    Args:
        src: An image, a folder with all folders in it, or a quoted glob pattern.
        dst: The folder to write to; it must not hold plain images.
        protector: A shipped protector (photos, or cifar10, which is used if none is named), a
            run folder made by `train`, a protector.tflite, a .keras file, or a SavedModel
            folder. The first three need no TensorFlow.
        size: Side of the square that images are cropped and resized to before they are
            protected, which is the image size of the classifier's training, 32 for digits and
            for the shipped protector's CIFAR-10 classifiers. Without it images keep their own
            size; protected images do not survive resizing, so pass it unless your images have
            that size.
        overwrite: Redo images whose output exists, as after a change of the plain ones. After a
            change of protector or size another DST is needed.
        workers: Images protected at the same time; by default one for each processor.
        max_pixels: Images with more pixels fail, before they are decoded.
        trust: Whether PROTECTOR may be a SavedModel, which is a program: if you made it, or know
            who did.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, or one of the reasons of `Protector.from_preset`
            and `protect_files`.
    """
    if not isinstance(overwrite, bool):
        raise UserError(f"--overwrite takes no value, not {overwrite!r}; put it after SRC and DST")
    if workers is not None:
        workers = checked_number(workers, option="--workers", largest=1024)
    max_pixels = checked_number(max_pixels, option="--max_pixels", largest=LARGEST_MAX_PIXELS)
    if size is not None:
        size = checked_number(size, option="--size", largest=LARGEST_SIZE)
    if protector is None:
        print(default_protector_notice(), file=sys.stderr)
        protector = DEFAULT
    # Pillow warns of metadata, which is dropped, and of sizes, which --max_pixels limits.
    warnings.filterwarnings("ignore", module="PIL")

    source, destination = (
        os.path.expanduser(os.fspath(path))  # noqa: PTH111  (a pattern is no path)
        for path in (src, dst)
    )
    loaded = Protector.from_preset(protector, trust=checked_flag(trust, option="--trust"))
    refuse_unfitted(loaded)
    if size is None and loaded.canvas is not None:
        print(canvas_notice(loaded.name, loaded.canvas), file=sys.stderr)
    report = protect_files(
        source,
        destination,
        loaded,
        overwrite=overwrite,
        workers=workers,
        max_pixels=max_pixels,
        size=size,
        identity=loaded.identity,
    )
    for notice in report.notices():
        print(notice, file=sys.stderr)
    made = {"destination": destination, "protector": os.fspath(protector), "size": size}
    return {**report.figures(), **made}, 1 if report.failed else 0
