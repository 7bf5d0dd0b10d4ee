"""How tables are written in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Writes a table.

    Args:
        header: What stands above each column; may be empty.
        rows: The cells of each line, as many as the header has. A `|` in one, as in the name of a
            folder, stays in its cell.

    Returns:
        Lines without a line break at the end.

    Raises:
        ValueError: A line is longer or shorter than the header.
    """
    lines = [_line(header), _line(["---"] * len(header))]
    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"{len(row)} cells below a header of {len(header)}: {row}")
        lines.append(_line(row))
    return "\n".join(lines)


def _line(cells: Sequence[object]) -> str:
    written = (" ".join(str(cell).split()).replace("|", r"\|") for cell in cells)
    return f"| {' | '.join(written)} |"
