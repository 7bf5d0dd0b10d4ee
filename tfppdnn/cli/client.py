"""`python -m tfppdnn client`: have images classified by a server that never sees them."""

from __future__ import annotations

import itertools
import os
import sys
import time
import warnings
from collections import Counter
from typing import Any

from fire.decorators import SetParseFn, SetParseFns
from fire.parser import DefaultParseValue
from tqdm import tqdm

from tfppdnn.cli.protect import LARGEST_SIZE, refuse_bare_protector
from tfppdnn.client import Answer, Client
from tfppdnn.client.answers import printable
from tfppdnn.client.notices import left_out_notice, no_image_notice
from tfppdnn.client.sources import ImageSource
from tfppdnn.errors import UserError
from tfppdnn.images.files import DEFAULT_MAX_PIXELS, LARGEST_MAX_PIXELS, SUFFIXES
from tfppdnn.loading import load_protector
from tfppdnn.loading.shipped import shipped_names


@SetParseFn(str)  # a folder named 2024_01 is no number
@SetParseFns(
    size=DefaultParseValue,
    batch_size=DefaultParseValue,
    timeout=DefaultParseValue,
    max_pixels=DefaultParseValue,
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
            (cifar10); the one that the classifier was trained with.
        model: Name of the classifier on the server.
        size: Side of the square that images are cropped and resized to before they are
            protected, which is the image size of the classifier's training, 32 for digits and
            CIFAR-10. Without it images are sent at their own size; protected images do not
            survive the server's resizing, so pass it unless your images have that size.
        batch_size: Images in one request.
        timeout: Seconds that one request may take.
        max_pixels: Images with more pixels fail, before they are decoded.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, or one of the reasons of `Client`.
    """
    if not files:
        raise UserError("FILES is missing; name images, folders or quoted patterns after the URL")
    if protector is None:
        raise UserError(_missing_protector())
    refuse_bare_protector(protector)
    # Pillow warns of metadata, which is dropped, and of sizes, which --max_pixels limits.
    warnings.filterwarnings("ignore", module="PIL")
    asking = Client(
        url,
        protector=load_protector(protector),
        model=model,
        size=None if size is None else int(_number(size, option="--size", largest=LARGEST_SIZE)),
        batch_size=int(_number(batch_size, option="--batch_size", largest=1024)),
        timeout=_number(timeout, option="--timeout", largest=3600, whole=False),
        max_pixels=int(_number(max_pixels, option="--max_pixels", largest=LARGEST_MAX_PIXELS)),
    )
    started = time.monotonic()
    images, left_out, failed = _find(files)
    answers = _print_table(asking, images, failed)
    seconds = time.monotonic() - started
    if left_out:
        print(left_out_notice(left_out), file=sys.stderr)
    figures = {
        "classified": len(answers),
        "failed": failed,
        "left_out": left_out.total(),
        "seconds": round(seconds, 3),
        "images_per_second": round(len(answers) / seconds, 2),
        "url": url,
        "protector": str(protector),
        "answers": [
            {
                "file": path,
                "label": answer.label,
                "class_id": answer.class_id,
                "probability": round(answer.probability, 6),
            }
            for path, answer in answers
        ],
    }
    return figures, 1 if failed else 0


def _missing_protector() -> str:
    # Not used unasked, as `protect` does: here it must be the one of somebody's classifier.
    shipped = "".join(f", or {name}, which ships with tfppdnn" for name in shipped_names())
    return (
        "--protector is missing; pass the one that the classifier was trained with: a run folder "
        f"made by `train`, a protector.tflite{shipped}"
    )


def _find(files: tuple[str, ...]) -> tuple[list[str], Counter[str], list[str]]:
    """Returns the images, the suffixes of files passed by, and folders not listed."""
    sources = [ImageSource(file, destination=None) for file in files]
    # A file that is named twice is sent once.
    images = list(dict.fromkeys(str(path) for path in itertools.chain.from_iterable(sources)))
    unlisted = [folder for source in sources for folder in source.unreadable]
    left_out = sum((source.left_out for source in sources), Counter())
    if not images and not unlisted:
        raise UserError(no_image_notice(", ".join(files), SUFFIXES, left_out))
    for folder in unlisted:
        print(f"{folder} cannot be listed; check its permissions", file=sys.stderr)
    return images, left_out, [str(path) for path in unlisted]


def _print_table(asking: Client, images: list[str], failed: list[str]) -> list[tuple[str, Answer]]:
    """Prints a row for each image that is classified, as soon as it is; notes the others."""
    width = max([len("file"), *map(len, images)])
    answers = []
    with tqdm(total=len(images), unit="image", desc="client", file=sys.stderr) as progress:
        # On a terminal the bar makes room for every row; in a file there is none to keep whole.
        write = progress.write if sys.stdout.isatty() else print
        write(f"{'file':{width}}  probability  label")
        for path, outcome in zip(images, asking.outcomes(images), strict=True):
            progress.update()
            if isinstance(outcome, UserError):
                failed.append(path)
                progress.write(str(outcome), file=sys.stderr)
                continue
            answers.append((path, outcome))
            write(f"{path:{width}}  {outcome.probability:11.1%}  {printable(outcome.label)}")
    return answers


def _number(value: Any, *, option: str, largest: int, whole: bool = True) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    # The range comes first: of infinity there is no int.
    if not number or not 0 < value <= largest or (whole and value != int(value)):
        kind = "a whole number from 1" if whole else "a number above 0"
        raise UserError(f"{option} must be {kind} to {largest}, not {value!r}")
    return value
