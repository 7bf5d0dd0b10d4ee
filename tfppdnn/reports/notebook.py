"""A report's page as a notebook shows it."""

from __future__ import annotations

import html


def in_notebook(page: str) -> str:
    """Wraps a whole HTML page, so that its styles stay its own."""
    style = "width: 100%; height: 60em; border: 0"
    return f'<iframe srcdoc="{html.escape(page)}" style="{style}"></iframe>'
