"""The templates of pages and cards, with the filters that they write figures with."""

from __future__ import annotations

import jinja2

from tfppdnn import writing


def template(name: str) -> jinja2.Template:
    """Loads a template; in HTML everything from outside is escaped.

    Args:
        name: A file of this package, such as `report.html.j2`; one for Markdown ends in
            `.md.j2`.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("tfppdnn", "reports"),
        autoescape=not name.endswith(".md.j2"),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        count=writing.count,
        number=writing.number,
        percent=writing.percent,
        tiny=writing.tiny,
        tiny_percent=writing.tiny_percent,
        size=writing.size,
    )
    return environment.get_template(name)
