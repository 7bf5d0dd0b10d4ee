"""Interrupting a verb again and again until it is done, and what became of that."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .comparing import differences, results, torn
from .verbs import Verb, write_photos

ROOT = Path(__file__).parents[2]
# A verb that does nothing for so long hangs.
_HANGS_AFTER = 1800


@dataclass
class Record:
    """What a verb has gone through.

    Attributes:
        interruptions: How it was interrupted and when: `STEP n`, or a signal and seconds.
        finished: How often it was done in the end.
        stages: At how many stages something befell it; see `stages.ACTS`.
        problems: What was wrong, each with the life in which it was; a life is a folder from its
            first command to its last.
    """

    interruptions: list[str] = field(default_factory=list)
    finished: int = 0
    stages: int = 0
    problems: list[str] = field(default_factory=list)

    def counts(self) -> dict[str, Any]:
        """Interruptions by their kind."""
        kinds = [how.split()[0] for how in self.interruptions]
        return {kind: kinds.count(kind) for kind in sorted(set(kinds))}


class Bench:
    """Where verbs are killed.

    Args:
        folder: For everything; what takes time to make is kept there, and found again.
        seed: Decides every moment.
    """

    def __init__(self, folder: Path, seed: int):
        self.folder, self.seed = folder.resolve(), seed
        self._expected: dict[str, tuple[dict[str, Any], float, int]] = {}

    def make_base(self, train: Verb) -> None:
        """Makes what the verbs start from: a run, by `train` undisturbed, and pictures."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "photos").exists():
            write_photos(self.folder / "photos")
        if not (self.folder / "run/report.html").exists():
            run = self.folder / "run"
            seconds, steps = self._undisturbed(train, run)
            self._expected[train.name] = results(run), seconds, steps

    def live(self, verb: Verb, life: int, record: Record, *, most: int) -> None:
        """Interrupts a verb at random moments until it is done or `most` times, then lets it end.

        Args:
            verb: The verb.
            life: Number of this folder; with the seed it decides the moments.
            record: Takes what happens.
            most: Most interruptions.
        """
        expected, seconds, steps = self.undisturbed(verb)
        moments = random.Random(f"{self.seed} {verb.name} {life}")
        place = self.folder / "place"
        shutil.rmtree(place, ignore_errors=True)
        verb.prepare(self.folder, place)
        before = {name for name in _names(place) if not name.startswith("checkpoints")}
        for number in range(most + 1):
            how = _moment(moments, seconds, steps) if number < most else "never"
            code, said = self.run(verb, place, how)
            if code == 0:
                break
            if how != "never":
                record.interruptions.append(how)
            wrong = torn(place) if place.exists() else []
            wrong += [f"{name} is gone" for name in sorted(before - _names(place))]
            if not _was_interrupted(how, code, said):
                wrong.append(f"ended with {code}: {said[-300:]}")
            record.problems += [f"{self.seed} {verb.name} {life}: {how}: {each}" for each in wrong]
        else:
            return
        record.finished += 1
        record.problems += [
            f"{self.seed} {verb.name} {life}: in the end {each}"
            for each in differences(expected, results(place))
        ]
        shutil.rmtree(place)

    def undisturbed(self, verb: Verb) -> tuple[dict[str, Any], float, int]:
        """What a verb leaves if nobody interrupts it, its seconds and its steps."""
        if verb.name not in self._expected:
            place = self.folder / "place"
            shutil.rmtree(place, ignore_errors=True)
            verb.prepare(self.folder, place)
            seconds, steps = self._undisturbed(verb, place)
            self._expected[verb.name] = results(place), seconds, steps
            shutil.rmtree(place)
        return self._expected[verb.name]

    def _undisturbed(self, verb: Verb, place: Path) -> tuple[float, int]:
        started = time.monotonic()
        code, said = self.run(verb, place, "never")
        assert code == 0, said
        return time.monotonic() - started, int(self._counted.read_text())

    @property
    def _counted(self) -> Path:
        return self.folder / "steps"

    def run(self, verb: Verb, place: Path, how: str = "never") -> tuple[int, str]:
        """Runs a verb, and interrupts it; returns the exit code and all that it said."""
        kind, _, moment = how.partition(" ")
        step = moment if kind == "STEP" else "0"
        command = [sys.executable, "-m", "tests.faults.dying", str(place), step, str(self._counted)]
        command += verb.arguments(self.folder, place)
        with (self.folder / "said").open("w+") as said:
            process = subprocess.Popen(
                command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
            try:
                timed = kind in ("KILL", "TERM", "INT")
                process.wait(float(moment) if timed else _HANGS_AFTER)
            except subprocess.TimeoutExpired:
                process.send_signal(getattr(signal, f"SIG{kind}", signal.SIGKILL))
                process.wait(_HANGS_AFTER)
            said.seek(0)
            return process.returncode, said.read()


def _moment(moments: random.Random, seconds: float, steps: int) -> str:
    kind = moments.choice(["STEP"] * 5 + ["KILL"] * 5 + ["TERM", "INT"])
    if kind == "STEP":
        return f"STEP {moments.randint(1, steps)}"
    return f"{kind} {moments.uniform(0, seconds):.2f}"


def _was_interrupted(how: str, code: int, said: str) -> bool:
    """Whether a verb ended in the way that it was made to."""
    kind = how.split()[0]
    if kind == "INT":
        # During imports, before the command line can say it in a line of its own.
        return code in (130, -signal.SIGINT) or "KeyboardInterrupt" in said
    return code == -{"TERM": signal.SIGTERM}.get(kind, signal.SIGKILL)


def _names(folder: Path) -> set[str]:
    return {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()}
