"""Protecting many image files: what `python -m tfppdnn protect` does."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import os
import stat
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from tfppdnn.client.destination import (
    Mark,
    check_destination,
    make_writable,
    named_destination,
)
from tfppdnn.client.notices import left_out_notice, no_image_notice, skipped_notice
from tfppdnn.client.protected_png import protected_png
from tfppdnn.client.sources import ImageSource
from tfppdnn.errors import UserError
from tfppdnn.files import write_bytes
from tfppdnn.images.files import DEFAULT_MAX_PIXELS
from tfppdnn.images.formats import SUFFIXES
from tfppdnn.ownership import owned
from tfppdnn.progress import Progress
from tfppdnn.protector.processors import processors
from tfppdnn.protector.scheme import Scheme
from tfppdnn.writing import in_one_line

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")

# No later file can be written either, so the run stops instead of failing on each of them.
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})


@dataclass
class ProtectReport:
    """What became of the images.

    Attributes:
        protected: Images protected in this run.
        skipped: Images whose output was there already.
        left_out: Suffixes of the files that were passed by because they are not named like
            images, with how often each occurs.
        failed: Path and reason of each image that could not be protected.
        seconds: Time taken.
    """

    protected: int = 0
    skipped: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def images_per_second(self) -> float:
        """Images protected in each second of the run."""
        return self.protected / self.seconds if self.seconds else 0.0

    def figures(self) -> dict[str, Any]:
        """What `protect` prints."""
        return {
            "protected": self.protected,
            "skipped": self.skipped,
            "left_out": self.left_out.total(),
            "failed": [path for path, _ in self.failed],
            "seconds": round(self.seconds, 3),
            "images_per_second": round(self.images_per_second, 2),
        }

    def notices(self) -> list[str]:
        """Says of what was not done, a line each."""
        skipped = [skipped_notice(self.skipped)] if self.skipped else []
        return skipped + ([left_out_notice(self.left_out)] if self.left_out else [])


def protect_files(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    protector: Scheme,
    *,
    overwrite: bool = False,
    workers: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
    size: int | None = None,
    identity: str | None = None,
) -> ProtectReport:
    """Protects image files and writes them as PNG under the same relative names.

    Outputs that exist are skipped, so a run that was stopped goes on where it was. A file
    that fails, or of which the protector leaves more than one pixel in a hundred as it was, is
    named on stderr and the rest go on. Every output is written whole or not
    at all, and holds pixels only: no EXIF, colour profile or other metadata.

    Args:
        source: An image, a folder (with all folders in it) or a glob pattern.
        destination: The folder to write to; made if missing. It may lie in the source
            folder, where it is passed by, but must not contain the plain images.
        protector: What protects; called from several threads at once.
        overwrite: Whether to redo images whose output exists.
        workers: Images protected at the same time; by default one for each processor.
        max_pixels: Larger images fail without being decoded.
        size: Images are cropped to their central square and resized to this side before they
            are protected. None leaves images as they are.
        identity: What tells the protector from any other. The destination keeps a digest of it,
            and one that holds images which were made in another way is refused. Without it
            nothing is kept, and whoever calls sees to it that images are not mixed.

    Returns:
        The counts, and the path and reason of each failure.

    Raises:
        UserError: The source has no images, the destination cannot be written to or would
            mix plain and protected images, or the disk is full.
    """
    started = time.monotonic()
    destination = named_destination(destination)
    images = ImageSource(source, destination=destination)
    check_destination(destination, images)
    total = images.count()
    if not total and not images.unreadable:
        raise UserError(no_image_notice(os.fspath(source), SUFFIXES, images.left_out))
    make_writable(destination)

    def protect_one(job: tuple[Path, Path]) -> _Done | str:
        image, output = job
        return _protect_file(image, output, protector, max_pixels=max_pixels, size=size)

    with owned(destination):
        if identity is not None:
            mark = Mark.of(identity, size=size)
            mark.check(destination)
            mark.write(destination)  # Before the first image, which nobody could place without it.
        report = _protect_each(
            images,
            protect_one,
            total=total,
            workers=workers or processors(),
            overwrite=overwrite,
        )
        if report.protected and hasattr(os, "sync"):
            os.sync()
    report.left_out = images.left_out
    report.seconds = time.monotonic() - started
    return report


def _protect_each(
    images: ImageSource,
    protect_one: Callable[[tuple[Path, Path]], _Done | str],
    *,
    total: int,
    workers: int,
    overwrite: bool,
) -> ProtectReport:
    report = ProtectReport()
    with Progress("protect", total, unit="images") as progress:

        def note(image: Path, outcome: _Done | str) -> None:
            progress.update()
            if outcome is _Done.PROTECTED:
                report.protected += 1
            elif outcome is _Done.SKIPPED:
                report.skipped += 1
            else:
                report.failed.append((str(image), outcome))
                tqdm.write(in_one_line(outcome), file=sys.stderr)

        def jobs() -> Iterator[tuple[Path, Path]]:
            for image in images:
                output = images.output(image)
                outcome = _without_protecting(image, output, overwrite=overwrite)
                if outcome is None:
                    yield image, output
                else:
                    note(image, outcome)

        with contextlib.closing(in_threads(protect_one, jobs(), workers=workers)) as outcomes:
            for (image, _), outcome in outcomes:
                note(image, outcome)
        for folder in images.unreadable:
            reason = f"{folder} cannot be listed; check its permissions"
            report.failed.append((str(folder), reason))
            tqdm.write(in_one_line(reason), file=sys.stderr)
    return report


def in_threads(
    work: Callable[[_Job], _Result], jobs: Iterable[_Job], *, workers: int
) -> Generator[tuple[_Job, _Result], None, None]:
    """Works on jobs in threads, taking a new one only when an earlier one is finished.

    Args:
        work: Called with each job. What it raises ends the whole.
        jobs: Any number of jobs; never more than four a worker are held.
        workers: Number of threads.

    Yields:
        Each job with its result, in the order in which they are finished.
    """
    pool = concurrent.futures.ThreadPoolExecutor(workers)
    running: dict[concurrent.futures.Future[_Result], _Job] = {}

    def finished(when: str) -> Iterator[tuple[_Job, _Result]]:
        for future in concurrent.futures.wait(running, return_when=when).done:
            yield running.pop(future), future.result()

    try:
        for job in jobs:
            running[pool.submit(work, job)] = job
            if len(running) == 4 * workers:
                yield from finished(concurrent.futures.FIRST_COMPLETED)
        yield from finished(concurrent.futures.ALL_COMPLETED)
    finally:
        # Also when the user stops the run: jobs that have begun end, the others do not begin.
        pool.shutdown(cancel_futures=True)


class _Done(Enum):
    PROTECTED = "protected"
    SKIPPED = "skipped"


def _without_protecting(image: Path, output: Path, *, overwrite: bool) -> _Done | str | None:
    """Returns what became of an image that is not to be protected, or None if it is."""
    try:
        there = os.lstat(output)  # (a run that is done is nothing but these calls)
        linked = stat.S_ISLNK(there.st_mode)
        if linked:
            there = os.stat(output)  # noqa: PTH116
        if stat.S_ISDIR(there.st_mode):
            return f"{image} cannot be written to {output}: a folder has that name; rename it"
        # An empty file is what a power cut leaves of a picture that was not on the disk yet.
        if not there.st_size:
            return None
        if os.path.samestat(there, os.stat(image)):  # noqa: PTH116
            return f"{image} is its own output, through a link in the destination; remove it"
    except OSError:
        return None
    if overwrite:
        return None
    if linked:
        # Whatever it leads to was not protected by this.
        return f"{image} cannot be written to {output}: that is a link; remove it"
    return _Done.SKIPPED


def _protect_file(
    image: Path, output: Path, protector: Scheme, **settings: int | None
) -> _Done | str:
    """Returns what was done, or the reason why nothing was."""
    try:
        png = protected_png(image, protector, name=str(image), **settings)
        # Waiting for the disk picture by picture would take longer than protecting them.
        write_bytes(output, png, flushed=False)
    except UserError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS:
            raise UserError(f"{error}; mend that and run the same command again") from cause
        return str(error)
    except OSError as error:
        return f"{image} cannot be protected: {error}"
    return _Done.PROTECTED
