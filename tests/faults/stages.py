"""Everything that can befall a verb, at each of its stages and by its real cause.

As root on Linux: the disk that gets full, and that nobody may write to, is a file system in memory.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from .comparing import differences, results, torn
from .disks import disk
from .killing import ROOT, Bench
from .verbs import Verb

MISSING = (
    None
    if sys.platform == "linux" and os.geteuid() == 0 and shutil.which("cc")
    else "needs Linux, root, and a C compiler"
)

# What happens in one process, and then, after the last of these has ended it, in another. In the
# end the verb is done, though the clock says that it is 1970.
ACTS = {
    "classify": [
        "READONLY",
        "FULL:checkpoints/classifier_protected/*.npz",
        "INT:checkpoints/classifier_protected/*.npz",
        "FLIP:checkpoints/classifier_protected/*.npz",
        "HALF:checkpoints/classifier_protected/*.npz",
        "HALF:checkpoints/classifier_protected/settings.json",
        "FULL:classifier",
        "FULL:metrics.json",
        "TERM:metrics.json",
    ],
    "audit": [
        "READONLY",
        "FULL:checkpoints/classifier_plain/*.npz",
        "INT:checkpoints/classifier_plain/*.npz",
        "FLIP:checkpoints/classifier_plain/*.npz",
        "FULL:classifier_plain",
        "INT:reconstructions/class_mean.npz",
        "FULL:checkpoints/itn-1/*.npz",
        "INT:checkpoints/itn-1/*.npz",
        "HALF:checkpoints/itn-1/*.npz",
        "FULL:reconstructions/itn.npz",
        "FULL:report.html",
        "TERM:report.html",
    ],
    "export": [
        "READONLY",
        "FLIP:checkpoints/protector.keras",
        "FLIP:checkpoints/transformation_network/*.npz",
        "FULL:protector",
        "INT:protector.tflite",
        "FULL:gate",
        "TERM:protector_int8.tflite",
    ],
}
# Of these, what the tests do: each kind of cause, with as little training as may be.
FEW = {
    "classify": [
        "READONLY",
        "INT:checkpoints/classifier_protected/*.npz",
        "FLIP:checkpoints/classifier_protected/*.npz",
        "FULL:classifier",
        "TERM:metrics.json",
    ],
    "audit": [
        "READONLY",
        "INT:reconstructions/class_mean.npz",
        "INT:checkpoints/itn-1/*.npz",
        "HALF:checkpoints/itn-1/*.npz",
        "TERM:report.html",
    ],
    "export": [
        "READONLY",
        "FLIP:checkpoints/protector.keras",
        "FULL:protector",
        "TERM:protector_int8.tflite",
    ],
}
# Some runs of this size; a full one is filled to the last byte.
_SIZE = 2**26
_CODES = {"READONLY": 2, "FULL": 2, "INT": 130, "FLIP": 2, "HALF": 2, "BACK": 0}
_SAID = {
    "READONLY": "Read-only file system",
    "FULL": "No space left on device",
    "INT": "stopped; .*the same command goes on from",
    # Which file it is, and what to do.
    "FLIP": r"/checkpoints/\S+ .*; (delete|put) it",
    "HALF": r"/checkpoints/\S+ .*; (delete|put) it",
    "BACK": "",
}


def befall(bench: Bench, verb: Verb, acts: list[str]) -> list[str]:
    """Has a verb go through some acts; returns what was wrong.

    Args:
        bench: Where it is done.
        verb: One of `ACTS`.
        acts: The last of them ends its process by SIGTERM.
    """
    expected, _, _ = bench.undisturbed(verb)
    with disk(bench.folder / "disk", size=_SIZE) as mounted:
        place = mounted / "place"
        verb.prepare(bench.folder, place)
        before = _names(place)
        wrong = _run(bench, verb, place, acts, ended_by=signal.SIGTERM)
        wrong += torn(place)
        wrong += [f"{name} is gone" for name in sorted(before - _names(place))]
        wrong += _run(bench, verb, place, ["BACK"])
        return wrong + [f"in the end {each}" for each in differences(expected, results(place))]


def clock(folder: Path) -> Path:
    """Compiles what lets a process set its clock back, if it is loaded before all else."""
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


def _run(bench: Bench, verb: Verb, place: Path, acts: list[str], *, ended_by: int = 0) -> list[str]:
    command = [sys.executable, "-m", "tests.faults.staged", place, *acts, "--"]
    command += verb.arguments(bench.folder, place)
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        capture_output=True,
        text=True,
        env={**os.environ, "LD_PRELOAD": str(clock(bench.folder))},
    )
    told = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [line for act in told for line in _wrong(act)]
    # The last of these does not get as far as telling.
    if len(told) != len(acts) - bool(ended_by) or done.returncode != -ended_by:
        wrong.append(f"{acts[len(told) :]}: {done.returncode}: {done.stderr[-2000:]}")
    return wrong


def _wrong(act: dict) -> list[str]:
    kind, said = act["act"].split(":")[0], act["said"]
    last = "".join(said.strip().splitlines()[-1:])
    wrong = []
    if act["code"] != _CODES[kind]:
        wrong.append(f"{act['act']}: ended with {act['code']}: {last}")
    if not re.search(_SAID[kind], last) or "Traceback" in said:
        wrong.append(f"{act['act']}: said {last}")
    return wrong


def _names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
