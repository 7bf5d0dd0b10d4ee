"""`python -m benchmarks [NAME ...]`: measures, and writes results/benchmarks/."""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks import records

Measure = Callable[[int | None], dict[str, Any]]
"""Measures one comparison, in so many rounds if a number is given; returns its record."""


def measures() -> dict[str, Measure]:
    """All comparisons by name: those of each module here that has a `MEASURES`."""
    found: dict[str, Measure] = {}
    for module in pkgutil.iter_modules(benchmarks.__path__):
        if module.name != "__main__":
            found |= getattr(importlib.import_module(f"benchmarks.{module.name}"), "MEASURES", {})
    return found


def main() -> int:
    """Measures what is named, or everything."""
    known = measures()
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Measures tfppdnn beside its peers; see benchmarks/README.md.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(known)}")
    parser.add_argument("--rounds", type=int, help="turns of each contender that are counted")
    parser.add_argument("--out", type=Path, default=records.FOLDER, help="where records go")
    options = parser.parse_args()
    unknown = [name for name in options.names if name not in known]
    if unknown:
        parser.error(f"{', '.join(unknown)}: no such comparison; choose from {', '.join(known)}")
    failed = 0
    for name in options.names or known:
        try:
            record = known[name](options.rounds)
        except Exception as error:  # One that cannot be made here must not cost the others.
            print(f"{name}: {error}", file=sys.stderr)
            failed += 1
            continue
        records.keep(record, options.out)
        ratios = {row["name"]: round(row["ratio"]["median"], 3) for row in record["contenders"]}
        print(json.dumps({name: ratios}), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
