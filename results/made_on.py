"""What every page of this folder ends with: the machine and the versions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfppdnn.run_folder import machine, versions


def made_on(record: Mapping[str, Any] | None = None, **others: str) -> list[str]:
    """Two lines of Markdown.

    Args:
        record: Has the `machine` and `versions` that figures were made with; this one's if None.
        others: Versions of further packages, by name.
    """
    made = record or {"machine": machine(), "versions": versions()}
    of_all = {**made["versions"], **others}
    parts = ", ".join(str(value) for value in made["machine"].values())
    return [
        f"Machine: {parts} (processor, cores, system).",
        f"Versions: {', '.join(f'{name} {version}' for name, version in of_all.items())}.",
    ]
