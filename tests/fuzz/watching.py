"""Watches a worker: kills it if a case hangs, starts another behind a case that killed one."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).parents[2]
LONGEST = 10.0
"""Seconds that a case may take."""

MOST_MEMORY = 4 * 2**30
"""Bytes of a worker's largest resident set, TensorFlow and all earlier cases included."""

_STARTS_WITHIN = 600


@dataclass
class Record:
    """What became of a target's cases.

    Attributes:
        became: What became of how many.
        problems: What was wrong, by the number of the case.
        slowest: Seconds of the slowest.
        peak: Bytes of the largest worker.
        seconds: Of all, with the workers' start.
        cpu: Seconds of the processor, for the cases alone.
    """

    became: Counter[str] = field(default_factory=Counter)
    problems: dict[int, str] = field(default_factory=dict)
    slowest: float = 0.0
    peak: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def cases(self) -> int:
        """How many were run."""
        return self.became.total()


class Watch:
    """Runs the cases of a target in workers.

    Args:
        name: The target's.
        seed: Of all cases.
        base: What they start from.
        patience: Seconds after which a case that goes on is ended. More than `LONGEST`: a machine
            that is busy with other things is no hang.
    """

    def __init__(self, name: str, seed: int, base: Path, *, patience: float = 6 * LONGEST):
        self._patience = patience
        self.name, self.seed, self.base = name, seed, base.resolve()
        self.record = Record()

    def run(self, first: int, last: int) -> Record:
        """Runs cases from `first` to before `last`."""
        started = time.monotonic()
        number = first
        while number < last:
            number = self._worker(number, last)
        self.record.seconds += time.monotonic() - started
        return self.record

    def _worker(self, first: int, last: int) -> int:
        """Runs cases in one worker, and returns the number of the first that was not run."""
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(
                self._command(str(first), str(last)),
                cwd=ROOT,
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
            try:
                done = self._follow(process, first, last)
            finally:
                process.kill()
                process.wait()
            if done == first and not self.record.problems.get(first):
                said.seek(0)
                raise RuntimeError(f"no worker of {self.name} starts: {said.read()[-3000:]}")
        return done

    def _follow(self, process: subprocess.Popen, first: int, last: int) -> int:
        lines, begun, patience, number = _lines(process.stdout), None, _STARTS_WITHIN, first
        while number < last:
            try:
                line = lines.get(timeout=patience)
                how = f"ends the process ({process.wait()})" if not line else ""
            except queue.Empty:
                how = "hangs"
            if how:
                if begun is None:
                    return number
                self._ended(begun, how, {})
                return begun + 1
            news, patience = json.loads(line), self._patience
            if "begun" in news:
                begun = news["begun"]
            if "ended" in news:
                number, begun = news["ended"] + 1, None
                self._ended(news["ended"], news["wrong"], news)
        return number

    def _ended(self, number: int, wrong: str | None, news: dict[str, Any]) -> None:
        record = self.record
        record.became[news.get("became", wrong)] += 1
        wall, cpu = news.get("wall", 0.0), news.get("cpu", 0.0)
        # What waits for other processes of a busy machine has had less of the processor.
        taken = wall if wall <= LONGEST else max(cpu, wall / max(os.getloadavg()[0], 1))
        record.slowest, record.cpu = max(record.slowest, taken), record.cpu + cpu
        if wrong is None and taken > LONGEST:
            wrong = f"takes {wall:.1f} seconds, {cpu:.1f} of the processor"
        if wrong is None and news.get("peak", 0) > MOST_MEMORY >= record.peak:
            wrong = f"makes the process grow to {news['peak']} bytes"
        record.peak = max(record.peak, news.get("peak", 0))
        if wrong is not None:
            record.problems[number] = wrong

    def keep(self, folder: Path) -> None:
        """Writes every case that failed, with the command that repeats it."""
        for number, wrong in self.record.problems.items():
            kept = folder / f"{self.name}-{self.seed}-{number}"
            kept.mkdir(parents=True, exist_ok=True)
            command = f"python -m tests.fuzz --targets={self.name} --seed={self.seed}"
            (kept / "what.txt").write_text(f"{command} --only={number}\n\n{wrong}\n")
        if numbers := ",".join(map(str, self.record.problems)):
            command = self._command("--keep", str(folder.resolve()), numbers)
            subprocess.run(command, cwd=ROOT, env=_environment(), check=False, timeout=600)

    def _command(self, *rest: str) -> list[str]:
        worker = [sys.executable, "-m", "fuzz.worker", self.name, str(self.seed), str(self.base)]
        return [*worker, *rest]


def _environment() -> dict[str, str]:
    path = [str(ROOT / "tests"), str(ROOT), os.environ.get("PYTHONPATH", "")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "TF_CPP_MIN_LOG_LEVEL": "3"}


def _lines(stream: IO[str]) -> queue.Queue[str]:
    """What a process writes, as it comes; an empty line at its end."""
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        for line in stream:
            lines.put(line)
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    return lines
