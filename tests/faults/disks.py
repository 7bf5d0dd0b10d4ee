"""Disks that are full, and that nobody may write to: a file system in memory, as root on Linux."""

from __future__ import annotations

import contextlib
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

from .comparing import differences, results, torn
from .killing import Bench, Record
from .verbs import Verb

_LARGE = 2**30
_SAID = {"FULL": "No space left on device", "READONLY": "Read-only file system"}


def suffer(bench: Bench, verb: Verb, life: int, record: Record) -> None:
    """Runs a verb on a read-only disk, on one that gets full, and then on one with room.

    The first two must end with 2 and a line that says why, the last as if nothing had been.

    Args:
        bench: Where it is done.
        verb: The verb.
        life: A number that, with the seed, decides how much room there is.
        record: Takes what happens.
    """
    expected, _, _ = bench.undisturbed(verb)
    name = f"{bench.seed} {verb.name} disk {life}"
    with disk(bench.folder / "disk") as mounted:
        place = mounted / "place"
        verb.prepare(bench.folder, place)
        full = _used(mounted)
        _remount(mounted, f"size={_LARGE},ro")
        _try(bench, verb, place, "READONLY", record, name)
        room = random.Random(name).randint(2**14, 2**18)
        _remount(mounted, f"size={full + room},rw")
        _try(bench, verb, place, f"FULL {room}", record, name)
        _remount(mounted, f"size={_LARGE}")
        code, said = bench.run(verb, place)
        if code:
            record.problems.append(f"{name}: with room it ended with {code}: {said[-300:]}")
            return
        record.finished += 1
        record.problems += [
            f"{name}: in the end {each}" for each in differences(expected, results(place))
        ]


def _try(bench: Bench, verb: Verb, place: Path, how: str, record: Record, name: str) -> None:
    code, said = bench.run(verb, place)
    if code == 0:
        return  # There was room enough.
    record.interruptions.append(how)
    wrong = torn(place) if place.exists() else []
    if code != 2 or _SAID[how.split()[0]] not in said or "Traceback" in said:
        wrong.append(f"ended with {code}: {said[-300:]}")
    record.problems += [f"{name}: {how}: {each}" for each in wrong]


@contextlib.contextmanager
def disk(folder: Path, *, size: int = _LARGE) -> Iterator[Path]:
    """Mounts one of so many bytes in a folder, as long as the body lasts."""
    folder.mkdir(exist_ok=True)
    options = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(options, check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _remount(folder: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True)


def _used(folder: Path) -> int:
    return sum(file.stat().st_blocks * 512 + 4096 for file in folder.rglob("*"))
