"""A target that is broken in each way that there is: what the harness itself is tested on."""

from __future__ import annotations

import os
import random
import signal
import time
from pathlib import Path

from .target import Case, Outcome


class Broken:
    """Its first case is right, the second raises, the third kills, the fourth hangs."""

    name = "broken"

    def prepare(self, base: Path, place: Path) -> None:
        """Nothing to make."""

    def case(self, chance: random.Random) -> Case:
        """A few bytes, of what `chance` says alone."""
        return Case("breaks", {"bytes": chance.randbytes(8)}, chance.choice(("a", "b")))

    def run(self, case: Case) -> Outcome:
        """Breaks as the case before it did not."""
        marks = Path(os.environ["TFPPDNN_FUZZ_BROKEN"])
        number = len(list(marks.iterdir()))
        (marks / str(number)).touch()
        if number == 1:
            raise ValueError("as it must")
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 3:
            time.sleep(600)
        return Outcome("right")

    def close(self) -> None:
        """Nothing to end."""
