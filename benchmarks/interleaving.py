"""Has contenders work in turn, so that a machine whose speed drifts treats all of them alike."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from benchmarks.comparison import Comparison, Contender

_ROOT = Path(__file__).resolve().parents[1]


class UnequalError(Exception):
    """Two contenders do not compute the same, so that their times cannot be compared."""


def run(comparison: Comparison, *, rounds: int | None = None) -> dict[str, Any]:
    """Times all contenders of a comparison, one after the other, round by round.

    Args:
        comparison: What to compare.
        rounds: How many rounds are counted; the comparison's own number if None. One more goes
            before them, which is not.

    Returns:
        Ready for JSON: a row for each contender, ours first. `wall_ms` and `cpu_ms` an item are
        medians over the rounds; `ratio` is its wall time over ours, round by round: `median`,
        `low` and `high`, the quartiles of it.

    Raises:
        UnequalError: A contender computes something else than ours.
        RuntimeError: A contender's process failed.
    """
    contenders = (comparison.ours, *comparison.peers)
    rounds = rounds or comparison.rounds
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        workers = [
            stack.enter_context(Worker.started(contender, folder / f"{number}.npz"))
            for number, contender in enumerate(contenders)
        ]
        differences = _differences(comparison, [worker.outputs for worker in workers])
        turns = [[] for _ in workers]
        for number in tqdm(range(rounds + 1), desc=comparison.name, unit="round"):
            for worker, own in zip(workers, turns, strict=True):
                turn = worker.work(comparison.seconds)
                if number:
                    own.append(turn)
        items = [worker.items for worker in workers]
    return {
        "name": comparison.name,
        "what": comparison.what,
        "unit": comparison.unit,
        "rounds": rounds,
        "targets": dict(comparison.targets),
        "contenders": [
            {"name": contender.name, **_row(own, turns[0], count, items[0]), **different}
            for contender, own, count, different in zip(
                contenders, turns, items, differences, strict=True
            )
        ],
    }


def _row(turns, ours, items: int, items_of_ours: int) -> dict[str, Any]:
    def an_item(some, count: int, what: str) -> np.ndarray:
        return np.array([turn[what] / turn["calls"] / count for turn in some])

    wall = an_item(turns, items, "wall_seconds")
    ratios = wall / an_item(ours, items_of_ours, "wall_seconds")
    low, median, high = np.quantile(ratios, [0.25, 0.5, 0.75])
    return {
        "wall_ms": float(np.median(wall)) * 1000,
        "cpu_ms": float(np.median(an_item(turns, items, "cpu_seconds"))) * 1000,
        "peak_mib": turns[-1]["peak_mib"],
        "ratio": {"median": float(median), "low": float(low), "high": float(high)},
    }


def _differences(comparison: Comparison, outputs: list[dict]) -> list[dict[str, Any]]:
    """How far what each computes is from what ours does, refused where it is too far."""
    ours, found = outputs[0], []
    for contender, own in zip((comparison.ours, *comparison.peers), outputs, strict=True):
        apart = {}
        for name, allowed in comparison.tolerance.items():
            if name not in own:
                raise UnequalError(f"{comparison.name}: {contender.name} computes no {name}")
            a, b = ours[name].astype(np.float64), own[name].astype(np.float64)
            if a.shape != b.shape:
                raise UnequalError(f"{comparison.name}: {name} is {a.shape} and {b.shape}")
            apart[name] = float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30))
            if not apart[name] <= allowed:
                raise UnequalError(
                    f"{comparison.name}: {name} of {contender.name} differs from ours by "
                    f"{apart[name]:.2g} of its largest value (allowed: {allowed:.2g})"
                )
        found.append({"difference": apart} if apart else {})
    return found


def measures_of(*comparisons: Comparison) -> dict[str, Callable[[int | None], dict[str, Any]]]:
    """What a module of comparisons calls its `MEASURES`."""
    return {
        comparison.name: lambda rounds, comparison=comparison: run(comparison, rounds=rounds)
        for comparison in comparisons
    }


class Worker:
    """A contender's process."""

    def __init__(self, process: subprocess.Popen, name: str, outputs: Path, said: Path):
        self._process = process
        self._name = name
        self._said = said
        self.items = self._answer()["items"]
        with np.load(outputs) as arrays:
            self.outputs = dict(arrays)

    @classmethod
    @contextlib.contextmanager
    def started(cls, contender: Contender, outputs: Path) -> Iterator[Worker]:
        """Starts a contender's process; it ends with the body."""
        settings, python = json.dumps(dict(contender.settings)), contender.python or sys.executable
        # What libraries say of the machine would bury the progress; of a failure it is shown.
        said = outputs.with_suffix(".stderr")
        with said.open("w") as stderr:
            process = subprocess.Popen(
                [python, "-m", "benchmarks.contending", contender.prepare, settings, outputs],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                cwd=_ROOT,
                env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **contender.environment},
            )
        try:
            yield cls(process, contender.name, outputs, said)
        finally:
            process.stdin.close()
            try:
                process.wait(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()

    def work(self, seconds: float) -> dict[str, float]:
        """Has it work for about so long; returns calls, and what it used."""
        print(seconds, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        line = self._process.stdout.readline()
        if not line:
            said = self._said.read_text(errors="replace").strip().splitlines()
            raise RuntimeError(f"the process of {self._name!r} ended: " + "\n".join(said[-12:]))
        return json.loads(line)
