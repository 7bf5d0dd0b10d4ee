"""Where the time goes: how long each stage of a run took."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from tfppdnn import workers
from tfppdnn.errors import UserError
from tfppdnn.files import write_json
from tfppdnn.run_record import Seconds, read_record

_FILE = "seconds.json"


@contextlib.contextmanager
def timed(logs: str | Path, stage: str) -> Iterator[None]:
    """Adds what the body takes to a stage's seconds, also when it is stopped by an error.

    A stage that is resumed goes on counting. What was killed outright is not counted. Of several
    workers the chief counts its own.

    Args:
        logs: The run's folder of logs.
        stage: What to call it.
    """
    seconds_of(logs)  # A damaged file is told of before the work, not after it.
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        yield
    except BaseException:
        with contextlib.suppress(UserError, OSError):  # What went wrong first is what is told.
            _add(logs, stage, wall, cpu)
        raise
    _add(logs, stage, wall, cpu)


def _add(logs: str | Path, stage: str, wall: float, cpu: float) -> None:
    if not workers.is_chief():
        return
    took = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
    before = seconds_of(logs)
    earlier = before.get(stage, {})
    total = {clock: round(earlier.get(clock, 0) + took[clock], 2) for clock in took}
    write_json(Path(logs) / _FILE, {**before, stage: total})


def seconds_of(logs: str | Path) -> dict[str, dict[str, float]]:
    """Reads what `timed` has written.

    Args:
        logs: The run's folder of logs.

    Returns:
        For each stage, in the order in which they first ended, `wall` and `cpu` seconds (of all
        threads); empty if nothing was timed.
    """
    path = Path(logs) / _FILE
    return read_record(path, Seconds) if path.exists() else {}
