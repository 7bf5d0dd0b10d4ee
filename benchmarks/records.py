"""What was measured, kept as JSON, and shown as one table."""

from __future__ import annotations

import importlib
import os
import time
from importlib import metadata
from pathlib import Path
from typing import Any

from tfppdnn.files import read_json, write_json, write_text
from tfppdnn.reports import markdown
from tfppdnn.run_folder import machine, versions

FOLDER = Path(__file__).resolve().parents[1] / "results" / "benchmarks"
"""Where the published figures are."""

_PEERS = (
    "torch",
    "torchattacks",
    "onnxruntime",
    "onnx",
    "fastapi",
    "uvicorn",
    "grpcio",
    "concrete-ml",
    "tenseal",
)
_HEAD = """\
# Benchmarks

Each row is of one run in which all worked in turn, on the same inputs, weights, precision and
threads, after it was checked that they compute the same, unless its section says otherwise: 8-bit
numbers, bfloat16, start-up and encryption are compared with what is not the same. *Ratio*: their
wall time over ours, above 1 where ours is faster; the median of the rounds, and the middle half of
them. *Wall*, *CPU*: of one item. *Peak*: the largest memory of the process.
[benchmarks/README.md](../../benchmarks/README.md) says how to repeat them.
"""


def keep(record: dict[str, Any], folder: Path = FOLDER) -> None:
    """Writes a comparison's record, with versions and machine, and the table of all.

    Args:
        record: As `interleaving.run` returns it, or of the same form.
        folder: Where to. If the record says that it is `drawn_by` a function (`module:name`), that
            is called with both, for what no table shows.
    """
    where = {
        **machine(),
        "instructions": instructions(),
        "load": round(os.getloadavg()[0], 1),
    }
    record = {
        **record,
        "date": time.strftime("%Y-%m-%d"),
        "command": f"python -m benchmarks {record['name']}",
        "machine": where,
        "versions": {**versions(), **_peers()},
    }
    write_json(folder / f"{record['name']}.json", record)
    if "drawn_by" in record:
        module, function = record["drawn_by"].split(":")
        getattr(importlib.import_module(module), function)(record, folder)
    write_text(folder / "README.md", table(folder))


def table(folder: Path = FOLDER) -> str:
    """All records of a folder as one Markdown page."""
    parts = [_HEAD]
    for path in sorted(folder.glob("*.json")):
        parts.append(_section(read_json(path)))
    return "\n".join(parts)


def instructions() -> list[str]:
    """The processor's vector instructions that speed depends on."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return []
    flags = next((line for line in text.splitlines() if line.startswith("flags")), "").split()
    known = ("avx2", "avx_vnni", "avx512f", "avx512_vnni", "avx512_bf16", "amx_tile")
    return [name for name in known if name in flags]


def _section(record: dict[str, Any]) -> str:
    where = record["machine"]
    lines = [
        f"## {record['name']}",
        "",
        record["what"],
        "",
        f"`{record['command']}`, {record['date']}, {where['cores']} cores of "
        f"{where['processor']} ({', '.join(where['instructions'])}), {record['rounds']} rounds.",
        "",
    ]
    rows = []
    for row in record["contenders"]:
        ratio, target = row["ratio"], record["targets"].get(row["name"])
        reached = (
            ""
            if target is None
            else f"{target:g}: " + ("yes" if ratio["median"] >= target else "**no**")
        )
        rows.append(
            [
                row["name"],
                f"{row['wall_ms']:.3g}",
                f"{row['cpu_ms']:.3g}",
                f"{row['peak_mib']:.0f}",
                f"{ratio['median']:.2f} ({ratio['low']:.2f} to {ratio['high']:.2f})",
                reached,
            ]
        )
    if rows:
        head = ["", "wall, ms", "CPU, ms", "peak, MiB", "ratio", "to reach"]
        lines.append(markdown.table(head, rows))
    lines += [f"\n{note}" for note in record.get("notes", ())]
    return "\n".join(lines) + "\n"


def _peers() -> dict[str, str]:
    found = {}
    for package in _PEERS:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found
