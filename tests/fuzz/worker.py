"""A process that runs cases, one after the other, and tells of each when it begins and ends.

    python -m fuzz.worker TARGET SEED BASE FIRST LAST
    python -m fuzz.worker TARGET SEED BASE --keep FOLDER NUMBER,NUMBER

The second writes cases, and runs none.
"""

from __future__ import annotations

import json
import os
import random
import re
import resource
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from . import targets
from .target import Case, Target

_MOST_ADDRESSES = 16 * 2**30


def main(name: str, seed: str, base: str, *rest: str) -> None:
    # What the harness listens to; whatever else is written goes to stderr.
    told = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_ADDRESSES, _MOST_ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    target = targets.ALL[name]()
    home = Path.cwd()
    place = Path(tempfile.mkdtemp(prefix="tfppdnn-fuzz-"))

    def case(number: int) -> Case:
        return target.case(random.Random(f"{seed} {name} {number}"))

    try:
        target.prepare(Path(base), place)
        if rest[0] == "--keep":
            for number in map(int, rest[2].split(",")):
                _keep(case(number), Path(rest[1], f"{name}-{seed}-{number}"))
        else:
            for number in range(int(rest[0]), int(rest[1])):
                print(json.dumps({"begun": number}), file=told, flush=True)
                print(json.dumps(_run(target, number, case(number))), file=told, flush=True)
        target.close()
    finally:
        os.chdir(home)
        shutil.rmtree(place, ignore_errors=True)


def _run(target: Target, number: int, case: Case) -> dict[str, Any]:
    wall, cpu = time.monotonic(), time.process_time()
    try:
        became, wrong = target.run(case)
    except BaseException:
        became, wrong = "an exception", traceback.format_exc()[-3000:]
    return {
        "ended": number,
        "became": became,
        "wrong": wrong,
        "wall": time.monotonic() - wall,
        "cpu": time.process_time() - cpu,
        "peak": _peak(),
    }


def _peak() -> int:
    """Bytes of this process's largest resident set; `ru_maxrss` counts who started it, too."""
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(re.search(r"VmHWM:\s+(\d+) kB", status.read_text()).group(1))
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _keep(case: Case, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in case.files.items():
        (folder / Path(name).name).write_bytes(content)
    (folder / "case.txt").write_text(f"{list(case.files)} {case.does} {case.arguments!r}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
