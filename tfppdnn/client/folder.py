"""Protecting many image files: what `python -m tfppdnn protect` does."""

from __future__ import annotations

import concurrent.futures
import contextlib
import errno
import os
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import TypeVar

from tqdm import tqdm

from tfppdnn.client.sources import ImageSource
from tfppdnn.data.images import DEFAULT_MAX_PIXELS, SUFFIXES, read_image, write_image
from tfppdnn.errors import UserError
from tfppdnn.types import Protector

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
        left_out: Files that were passed by because they are not named like images.
        failed: Path and reason of each image that could not be protected.
        seconds: Time taken.
    """

    protected: int = 0
    skipped: int = 0
    left_out: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def images_per_second(self) -> float:
        """Images protected in each second of the run."""
        return self.protected / self.seconds if self.seconds else 0.0


def protect_files(
    source: str | os.PathLike[str],
    destination: str | os.PathLike[str],
    protector: Protector,
    *,
    overwrite: bool = False,
    workers: int | None = None,
    max_pixels: int = DEFAULT_MAX_PIXELS,
) -> ProtectReport:
    """Protects image files and writes them as PNG under the same relative names.

    Outputs that exist are skipped, so a run that was stopped goes on where it was. A file
    that fails is named on stderr and the rest go on. Every output is written whole or not
    at all, and holds pixels only: no EXIF, colour profile or other metadata.

    Args:
        source: An image, a folder (with all folders in it) or a glob pattern.
        destination: The folder to write to; made if missing. It may lie in the source
            folder, where it is passed by, but must not contain the plain images.
        protector: What protects; called from several threads at once.
        overwrite: Whether to redo images whose output exists.
        workers: Images protected at the same time; by default one for each processor.
        max_pixels: Larger images fail without being decoded.

    Returns:
        The counts, and the path and reason of each failure.

    Raises:
        UserError: The source has no images, the destination cannot be written to or would
            mix plain and protected images, or the disk is full.
    """
    started = time.monotonic()
    destination = Path(destination).expanduser()
    images = ImageSource(source, destination=destination)
    _check_destination(destination, images)
    total = sum(1 for _ in images)
    if not total and not images.unreadable:
        raise UserError(f"{source} holds no image; looked for {', '.join(sorted(SUFFIXES))}")
    _make_writable(destination)

    def protect_one(job: tuple[Path, Path]) -> _Done | str:
        image, output = job
        return _protect_file(image, output, protector, overwrite=overwrite, max_pixels=max_pixels)

    report = ProtectReport()
    jobs = ((image, images.output(image)) for image in images)
    outcomes = in_threads(protect_one, jobs, workers=workers or processors())
    with (
        contextlib.closing(outcomes),
        tqdm(total=total, unit="image", desc="protect", file=sys.stderr) as progress,
    ):
        for (image, _), outcome in outcomes:
            progress.update()
            if outcome is _Done.PROTECTED:
                report.protected += 1
            elif outcome is _Done.SKIPPED:
                report.skipped += 1
            else:
                report.failed.append((str(image), outcome))
                progress.write(outcome, file=sys.stderr)
        for folder in images.unreadable:
            reason = f"{folder} cannot be listed; check its permissions"
            report.failed.append((str(folder), reason))
            progress.write(reason, file=sys.stderr)
    report.left_out = images.left_out
    report.seconds = time.monotonic() - started
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


def processors() -> int:
    """Returns how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Done(Enum):
    PROTECTED = "protected"
    SKIPPED = "skipped"


def _protect_file(
    image: Path, output: Path, protector: Protector, *, overwrite: bool, max_pixels: int
) -> _Done | str:
    """Returns what was done, or the reason why nothing was."""
    try:
        if output.is_dir():
            return f"{image} cannot be written to {output}: a folder has that name; rename it"
        if output.exists():
            if output.samefile(image):
                return f"{image} is its own output, through a link in the destination; remove it"
            if not overwrite:
                return _Done.SKIPPED
        write_image(output, protector.protect(read_image(image, max_pixels=max_pixels)))
    except UserError as error:
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS:
            raise UserError(f"{error}; mend that and run the same command again") from cause
        return str(error)
    except (MemoryError, OSError) as error:
        return f"{image} cannot be protected: {error}"
    return _Done.PROTECTED


def _check_destination(destination: Path, images: ImageSource) -> None:
    if destination.is_file():
        raise UserError(
            f"{destination} is a file, but DST is a folder; "
            "a pattern must be in quotes, as in 'photos/*.jpg'"
        )
    if not destination.exists() and destination.suffix.lower() in SUFFIXES:
        raise UserError(f"{destination} is named like an image, but DST is a folder; name a folder")
    if images.lies_in_destination():
        raise UserError(
            f"{destination} is or contains the folder of the plain images, {images.root}; "
            "choose another DST, so that plain and protected images are never mixed"
        )


def _make_writable(destination: Path) -> None:
    try:
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=destination):
            pass
    except OSError as error:
        raise UserError(
            f"cannot write to {destination}: {os.strerror(error.errno)}; choose another DST"
        ) from error
