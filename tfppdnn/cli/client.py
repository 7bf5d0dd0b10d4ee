"""`python -m tfppdnn client`: have images classified by a server that never sees them."""

from __future__ import annotations

import os
import warnings
from typing import Any

from fire.decorators import SetParseFn, SetParseFns
from fire.parser import DefaultParseValue

from tfppdnn.cli.options import (
    LARGEST_SIZE,
    checked_flag,
    checked_number,
    refuse_unfitted,
)
from tfppdnn.client.classification import Client
from tfppdnn.client.notices import missing_protector_notice
from tfppdnn.client.table import classify_files
from tfppdnn.errors import UserError
from tfppdnn.images.files import DEFAULT_MAX_PIXELS, LARGEST_MAX_PIXELS
from tfppdnn.protector.protector import load_protector


@SetParseFn(str)  # a folder named 2024_01 is no number
@SetParseFns(
    size=DefaultParseValue,
    batch_size=DefaultParseValue,
    timeout=DefaultParseValue,
    max_pixels=DefaultParseValue,
    trust=DefaultParseValue,
)
def client(
    url: str,
    *files: str,
    protector: str | os.PathLike[str] | None = None,
    model: str = "classifier",
    size: int | None = None,
    batch_size: int = 16,
    timeout: float = 30.0,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    trust: bool = False,
) -> tuple[dict[str, Any], int]:
    """Protects images here, has them classified by a server, and prints what it says.

    Only protected pixels leave this machine: no file names, no metadata, no plain pixels.
    Never imports TensorFlow, unless the protector is of a kind that needs it.

    Examples:
        Serve a finished run in one terminal, and ask it in another:

            python -m tfppdnn serve runs/digits
            python -m tfppdnn client http://127.0.0.1:8501 photos --protector=runs/digits --size=32

    Exit code 0: all images are classified. 1: some are not, each named on stderr. 2: the call
    is wrong, or the server cannot be reached.

    Args:
        url: The server: http://HOST:8501, https://HOST, grpc://HOST:8500 or grpcs://HOST:8500;
            the last two need the package grpcio.
        files: Images, folders with all folders in them, or quoted glob patterns.
        protector: A run folder made by `train`, a protector.tflite, or a shipped protector
            (cifar10 or photos); the one that the classifier was trained with.
        model: Name of the classifier on the server.
        size: Side of the square that images are cropped and resized to before they are
            protected, which is the image size of the classifier's training, 32 for digits and
            CIFAR-10. Without it images are sent at their own size; protected images do not
            survive the server's resizing, so pass it unless your images have that size.
        batch_size: Images in one request.
        timeout: Seconds that one request may take.
        max_pixels: Images with more pixels fail, before they are decoded.
        trust: Whether PROTECTOR may be a SavedModel, which is a program: if you made it, or know
            who did.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, or one of the reasons of `Client`.
    """
    if not files:
        raise UserError("FILES is missing; name images, folders or quoted patterns after the URL")
    if protector is None:
        raise UserError(missing_protector_notice())
    # Pillow warns of metadata, which is dropped, and of sizes, which --max_pixels limits.
    warnings.filterwarnings("ignore", module="PIL")
    loaded = load_protector(protector, trust=checked_flag(trust, option="--trust"))
    refuse_unfitted(loaded)
    asking = Client(
        url,
        protector=loaded,
        model=model,
        size=None if size is None else checked_number(size, option="--size", largest=LARGEST_SIZE),
        batch_size=checked_number(batch_size, option="--batch_size", largest=1024),
        timeout=checked_number(timeout, option="--timeout", largest=3600, whole=False),
        max_pixels=checked_number(max_pixels, option="--max_pixels", largest=LARGEST_MAX_PIXELS),
    )
    figures = classify_files(asking, files)
    figures |= {"url": url, "protector": str(protector), "answers": figures.pop("answers")}
    return figures, 1 if figures["failed"] else 0
