"""The process that one contender works in.

`python -m benchmarks.contending MODULE:FUNCTION SETTINGS OUTPUTS.npz` prepares the work, writes
what it computes, and says so. Then each line `SECONDS` on standard input has it work for about that
long; the answer is a line of JSON. It ends with its input.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import resource
import sys
import time
from pathlib import Path

import numpy as np


def main() -> None:
    """Prepares, then works whenever it is asked to."""
    place, settings, outputs = sys.argv[1:]
    # What libraries print must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    module, function = place.split(":")
    work = getattr(importlib.import_module(module), function)(**json.loads(settings))
    np.savez(outputs, **work.outputs)
    work.call()
    print(json.dumps({"items": work.items}), file=answers)
    for line in sys.stdin:
        print(json.dumps(_work_for(float(line), work.call)), file=answers)


def _work_for(seconds: float, call) -> dict[str, float]:
    calls, wall, cpu = 0, time.perf_counter(), _cpu_seconds()
    while calls == 0 or time.perf_counter() - wall < seconds:
        call()
        calls += 1
    return {
        "calls": calls,
        "wall_seconds": time.perf_counter() - wall,
        "cpu_seconds": _cpu_seconds() - cpu,
        "peak_mib": _peak_mib(),
    }


def _cpu_seconds() -> float:
    """User and system time of this process, and of those it started that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _peak_mib() -> float:
    """Of this process since its own start, or of the largest that it started."""
    # `ru_maxrss` would count what the process was forked from.
    status = Path("/proc/self/status").read_text()
    own = int(re.search(r"VmHWM:\s+(\d+) kB", status).group(1))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 1024


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
