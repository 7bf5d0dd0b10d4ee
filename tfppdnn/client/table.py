"""Classifying image files, with a table of the answers: what `client` does."""

from __future__ import annotations

import itertools
import sys
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

from tqdm import tqdm

from tfppdnn.client.answers import Answer, printable
from tfppdnn.client.classification import Client
from tfppdnn.client.notices import left_out_notice, no_image_notice
from tfppdnn.client.sources import ImageSource
from tfppdnn.errors import UserError
from tfppdnn.images.formats import SUFFIXES
from tfppdnn.progress import Progress
from tfppdnn.writing import in_one_line


def classify_files(client: Client, files: Sequence[str]) -> dict[str, Any]:
    """Has image files classified, and prints a row for each as soon as it is.

    Args:
        client: Whoever asks the server.
        files: Images, folders with all folders in them, or glob patterns.

    Returns:
        The figures, and every answer. What failed is named on stderr.

    Raises:
        UserError: There is no image, or the server cannot be reached.
    """
    started = time.monotonic()
    images, left_out, failed = _find(files)
    answers = _print_table(client, images, failed)
    seconds = time.monotonic() - started
    if left_out:
        print(left_out_notice(left_out), file=sys.stderr)
    return {
        "classified": len(answers),
        "failed": failed,
        "left_out": left_out.total(),
        "seconds": round(seconds, 3),
        "images_per_second": round(len(answers) / seconds, 2),
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


def _find(files: Sequence[str]) -> tuple[list[str], Counter[str], list[str]]:
    """Returns the images, the suffixes of files passed by, and what was named and is none."""
    sources, failed = [], []
    for file in files:
        try:
            sources.append(ImageSource(file, destination=None))
        except UserError as error:
            # One of several, as a shell writes out photos/*, does not stop the others.
            failed.append(str(file))
            if len(failed) == len(files):
                raise
            print(in_one_line(str(error)), file=sys.stderr)
    # A file that is named twice is sent once.
    images = list(dict.fromkeys(str(path) for path in itertools.chain.from_iterable(sources)))
    unlisted = [folder for source in sources for folder in source.unreadable]
    left_out = sum((source.left_out for source in sources), Counter())
    if not images and not unlisted and not failed:
        raise UserError(no_image_notice(", ".join(files), SUFFIXES, left_out))
    for folder in unlisted:
        said = in_one_line(f"{folder} cannot be listed; check its permissions")
        print(said, file=sys.stderr)
    return images, left_out, failed + [str(path) for path in unlisted]


def _print_table(asking: Client, images: list[str], failed: list[str]) -> list[tuple[str, Answer]]:
    """Prints a row for each image that is classified, as soon as it is; notes the others."""
    # A name of a file may hold whatever a terminal would obey, and what no stream can write.
    names = [printable(path) for path in images]
    width = max([len("file"), *map(len, names)])
    answers = []
    with Progress("client", len(images), unit="images") as progress:
        # On a terminal the bar makes room for every row; in a file there is none to keep whole.
        write = tqdm.write if sys.stdout.isatty() else print
        write(f"{'file':{width}}  probability  label")
        for path, name, outcome in zip(images, names, asking.outcomes(images), strict=True):
            progress.update()
            if isinstance(outcome, UserError):
                failed.append(path)
                tqdm.write(in_one_line(str(outcome)), file=sys.stderr)
                continue
            answers.append((path, outcome))
            write(f"{name:{width}}  {outcome.probability:11.1%}  {printable(outcome.label)}")
    return answers
