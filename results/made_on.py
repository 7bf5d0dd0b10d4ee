"""What every page of this folder ends with: the machine and the versions."""

from __future__ import annotations

from tfppdnn.run_folder import machine, versions


def made_on(**others: str) -> list[str]:
    """Two lines of Markdown.

    Args:
        others: Versions of further packages, by name.
    """
    of_all = {**versions(), **others}
    return [
        f"Machine: {', '.join(str(value) for value in machine().values())} (processor, cores, "
        "system).",
        f"Versions: {', '.join(f'{name} {version}' for name, version in of_all.items())}.",
    ]
