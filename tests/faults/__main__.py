"""The long run: `python -m tests.faults --kills=200 --seed=1`.

What happened is written to --out after every life of a folder, so that a run may be stopped.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tfppdnn.run_folder import machine, versions

from . import stages
from .disks import suffer
from .killing import ROOT, Bench, Record
from .verbs import VERBS

_MOST_IN_A_LIFE = 5


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbs", default=",".join(verb.name for verb in VERBS))
    parser.add_argument(
        "--disks", type=int, default=0, help="how often a disk is full and read-only (Linux, root)"
    )
    parser.add_argument(
        "--stages",
        action="store_true",
        help="at each stage a full disk, Ctrl-C, damage and others (Linux, root, a C compiler)",
    )
    parser.add_argument("--work", help="a folder that is kept; a temporary one if not given")
    parser.add_argument("--out", default=ROOT / "results/faults.json", type=Path)
    given = parser.parse_args()
    verbs = [verb for verb in VERBS if verb.name in given.verbs.split(",")]
    records = {verb.name: Record() for verb in verbs}
    started = time.monotonic()

    def interruptions() -> int:
        return sum(len(record.interruptions) for record in records.values())

    with tempfile.TemporaryDirectory() as temporary:
        bench = Bench(Path(given.work or temporary), given.seed)
        bench.make_base(VERBS[0])
        life = 0
        while interruptions() < given.kills:
            for verb in verbs:
                most = min(_MOST_IN_A_LIFE, given.kills - interruptions())
                if most > 0:
                    bench.live(verb, life, records[verb.name], most=most)
                    _write(given, records, time.monotonic() - started)
                    print(verb.name, life, records[verb.name].counts(), file=sys.stderr, flush=True)
            life += 1
        for life in range(given.disks):
            for verb in verbs:
                suffer(bench, verb, life, records[verb.name])
                _write(given, records, time.monotonic() - started)
        for verb in verbs if given.stages else ():
            if acts := stages.ACTS.get(verb.name):
                records[verb.name].stages = len(acts)
                records[verb.name].problems += stages.befall(bench, verb, acts)
                _write(given, records, time.monotonic() - started)
                print(verb.name, len(acts), "stages", file=sys.stderr, flush=True)
    problems = [problem for record in records.values() for problem in record.problems]
    print("\n".join(problems) or "no problem")
    return 1 if problems else 0


def _write(given: argparse.Namespace, records: dict[str, Record], seconds: float) -> None:
    """Puts the records into the file, beside those of other verbs by other calls."""
    before = json.loads(given.out.read_text()) if given.out.exists() else {"verbs": {}}
    command = f"python -m tests.faults --kills={given.kills} --seed={given.seed}"
    command += f" --disks={given.disks}" if given.disks else ""
    command += " --stages" if given.stages else ""
    command += f" --verbs={given.verbs}"
    of_verbs = {
        name: {
            "command": command,
            "interrupted": record.counts(),
            "finished_and_compared": record.finished,
            "stages": record.stages,
            "problems": record.problems,
            "moments": ", ".join(record.interruptions),
            "seconds_of_the_command": round(seconds),
            "versions": versions(),
            "machine": machine(),
        }
        for name, record in records.items()
        if record.interruptions or record.stages
    }
    content = {"verbs": {**before["verbs"], **of_verbs}}
    given.out.write_text(json.dumps(content, indent=2) + "\n")


if __name__ == "__main__":
    sys.exit(main())
