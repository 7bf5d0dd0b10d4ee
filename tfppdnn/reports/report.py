"""Writing a run's report and its figures into the run folder."""

from __future__ import annotations

from pathlib import Path

from tfppdnn.files import write_bytes, write_text
from tfppdnn.images.montage import png
from tfppdnn.reports.curves import draw_curves
from tfppdnn.reports.page import render
from tfppdnn.reports.pictures import Pictures
from tfppdnn.run_folder import RunFolder
from tfppdnn.timing import seconds_of

_FIGURES = ("header", "grid", "large", "losses")


def write_report(run: RunFolder, pictures: Pictures | None = None) -> Path:
    """Writes `report.html` and `figures/*.png`; may be called again whenever figures are added.

    The page embeds the figures and shows what `metrics.json` holds so far; what was not
    measured yet is left out. Both show plain images: they are as private as those are.

    Args:
        run: The run folder, with its `config.json`.
        pictures: What to show; None to keep the pictures that are there and to bring the
            page's figures up to date.

    Returns:
        The path of `report.html`.

    Raises:
        UserError: The folder holds no run, or cannot be written to.
    """
    if pictures is not None:
        draw_figures(run, pictures)
    figures = {
        name: (run.figures / f"{name}.png").read_bytes()
        for name in _FIGURES
        if (run.figures / f"{name}.png").is_file()
    }
    page = run.path / "report.html"
    seconds = seconds_of(run.path / "logs")
    write_text(page, render(run.config(), run.metrics(), figures, seconds))
    return page


def draw_figures(run: RunFolder, pictures: Pictures) -> None:
    """Writes `figures/*.png`: the pictures, and curves of what `metrics.json` holds.

    Args:
        run: The run folder.
        pictures: What to show.

    Raises:
        UserError: The folder cannot be written to.
    """
    drawn = {"header": pictures.header(), "grid": pictures.grid(), "large": pictures.large()}
    for name, picture in drawn.items():
        write_bytes(run.figures / f"{name}.png", png(picture))
    curves = draw_curves(run.metrics())
    if curves is not None:
        write_bytes(run.figures / "losses.png", curves)
