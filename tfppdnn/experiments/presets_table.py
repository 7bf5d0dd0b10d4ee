"""The tables of docs/presets.md: every preset of the scheme beside the paper."""

from __future__ import annotations

from tfppdnn.reports.deviations import deviations, in_use, in_words, open_choices
from tfppdnn.reports.markdown import table
from tfppdnn.reports.reasons import IN_EVERY_RUN, OPEN_CHOICES, REASONS, Row
from tfppdnn.settings import OF_THE_SCHEME, make_settings


def presets_table() -> str:
    """Writes Markdown tables: departures, choices of ours, what holds in every run, `photos`."""
    settings = {name: make_settings(name).options() for name in OF_THE_SCHEME}
    departing = {name: _by_option(deviations(values)) for name, values in settings.items()}
    chosen = {name: _by_option(open_choices(values)) for name, values in settings.items()}
    departures, choices = [], []
    for field, (name, reason) in REASONS.items():
        rows = [departing[preset].get(field) for preset in OF_THE_SCHEME]
        if any(rows):
            paper = next(row.paper for row in rows if row)
            runs = [
                row.run
                if row
                else "as the paper"
                if in_use(field, settings[preset])
                else "not used"
                for preset, row in zip(OF_THE_SCHEME, rows, strict=True)
            ]
            departures.append([f"{name} (`--{field}`)", paper, *runs, reason])
    for field, (name, reason) in OPEN_CHOICES.items():
        runs = [
            chosen[preset][field].run if field in chosen[preset] else "not used"
            for preset in OF_THE_SCHEME
        ]
        choices.append([f"{name} (`--{field}`)", *runs, reason])
    parts = [
        "### Where the presets depart from the paper",
        table(["setting", "paper", *OF_THE_SCHEME, "why"], departures),
        "### What the paper leaves open",
        table(["setting", *OF_THE_SCHEME, "why"], choices),
        "### In every run",
        table(
            ["setting", "paper", "here", "why"],
            [[row.name, row.paper, row.run, row.reason] for row in IN_EVERY_RUN],
        ),
        "### The preset `photos`",
        table(["setting", "value", "what it is"], _of_photos()),
    ]
    return "\n\n".join(parts) + "\n"


def _of_photos() -> list[list[str]]:
    """Every setting of the preset that is not made as the paper's h_p is."""
    settings = make_settings("photos")
    values = settings.options()
    return [
        [f"`--{option}`", in_words(option, values[option]), meaning]
        for group in settings.groups()
        for option, meaning in group.meanings().items()
    ]


def _by_option(rows: list[Row]) -> dict[str, Row]:
    return {row.option: row for row in rows}
