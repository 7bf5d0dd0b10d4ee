"""Runs a verb that kills itself at a given step of its own writing.

    python -m tests.faults.dying PLACE STEP COUNTED VERB [OPTIONS]

Steps are what Python does to the files below PLACE: open, rename, make, remove. STEP 0 is never;
how many steps there were is then written to COUNTED.
"""

import os
import signal
import sys
from pathlib import Path

_STEPS = {"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "shutil.rmtree"}


def main(place: str, last: int, counted: str, arguments: list[str]) -> int:
    steps = 0

    def step(event: str, given: tuple) -> None:
        nonlocal steps
        if event not in _STEPS or not isinstance(given[0], (str, os.PathLike)):
            return
        if not os.fspath(given[0]).startswith(place):
            return
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(step)
    # What a shell starts in the background ignores it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from tfppdnn.cli import main as verb

    code = verb(arguments)
    Path(counted).write_text(str(steps))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4:]))
