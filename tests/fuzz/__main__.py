"""The long run: `python -m tests.fuzz --count=1000 --seed=1`."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from faults.killing import Bench
from faults.verbs import VERBS

from tfppdnn.run_folder import machine, versions

from .targets import TARGETS
from .watching import LONGEST, MOST_MEMORY, ROOT, Record, Watch

_CASES_AT_A_TIME = 1000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="cases of each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--targets", default=",".join(TARGETS))
    parser.add_argument("--only", type=int, help="the number of the one case to run")
    parser.add_argument("--work", help="a folder that is kept; a temporary one if not given")
    parser.add_argument("--failures", default="fuzz-failures", type=Path)
    parser.add_argument("--out", default=ROOT / "results/fuzz.json", type=Path)
    given = parser.parse_args()
    first = given.only or 0
    last = first + 1 if given.only is not None else given.count
    problems = {}
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(given.work or temporary)
        make_base(base)
        for name in given.targets.split(","):
            watch = Watch(name, given.seed, base)
            for start in range(first, last, _CASES_AT_A_TIME):
                record = watch.run(start, min(start + _CASES_AT_A_TIME, last))
                said = f"{name}: {record.cases} cases, {len(record.problems)} problems"
                print(said, file=sys.stderr, flush=True)
                if given.only is None:
                    _write(given, name, record)
            watch.keep(given.failures)
            problems |= {f"{name} {number}": said for number, said in record.problems.items()}
    for case, said in problems.items():
        print(f"{case}: {said}", file=sys.stderr)
    print(f"{len(problems)} problems" if problems else "no problem")
    return 1 if problems else 0


def make_base(base: Path) -> None:
    """Makes what cases start from: a tiny run with its classifier, an audit, and pictures."""
    bench = Bench(base, 1)
    of = {verb.name: verb for verb in VERBS}
    bench.make_base(of["train"])
    for name, place, made in (
        ("classify", "run", "run/classifier"),
        ("audit", "audit", "audit/report.html"),
    ):
        if not (base / made).exists():
            code, said = bench.run(of[name], bench.folder / place)
            assert code == 0, said


def _write(given: argparse.Namespace, name: str, record: Record) -> None:
    """Puts a target's record into the file, beside those of other targets by other calls."""
    before: dict[str, Any] = {"targets": {}}
    if given.out.exists():
        before = json.loads(given.out.read_text())
    command = f"python -m tests.fuzz --count={given.count} --seed={given.seed} --targets={name}"
    found = {
        "command": command,
        "seed": given.seed,
        "cases": record.cases,
        "became": dict(record.became.most_common()),
        # Of a traceback its last line; --failures has all of it.
        "problems": [f"{n}: {said.splitlines()[-1][:300]}" for n, said in record.problems.items()],
        "seconds": round(record.seconds),
        "processor_seconds_of_the_cases": round(record.cpu),
        "slowest_case_seconds": round(record.slowest, 2),
        "largest_resident_mb": round(record.peak / 2**20),
        "bounds": {"seconds": LONGEST, "resident_mb": MOST_MEMORY // 2**20},
        "versions": versions(),
        "machine": machine(),
    }
    content = {"targets": {**before["targets"], name: found}}
    given.out.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
