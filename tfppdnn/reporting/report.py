"""Writing a run's report and its figures into the run folder."""

from __future__ import annotations

import io
from pathlib import Path

from PIL import Image

from tfppdnn.files import write_bytes, write_text
from tfppdnn.reporting.curves import draw_curves
from tfppdnn.reporting.page import render
from tfppdnn.reporting.pictures import Pictures
from tfppdnn.runs import RunFolder


def write_report(run: RunFolder, pictures: Pictures) -> Path:
    """Writes `report.html` and `figures/*.png`; may be called again whenever figures are added.

    The page embeds the figures and shows what `metrics.json` holds so far; what was not
    measured yet is left out. Both show plain images: they are as private as those are.

    Args:
        run: The run folder, with its `config.json`.
        pictures: What to show.

    Returns:
        The path of `report.html`.

    Raises:
        UserError: The folder holds no run, or cannot be written to.
    """
    config, metrics = run.config(), run.metrics()
    figures = {
        name: _png(picture)
        for name, picture in (
            ("header", pictures.header()),
            ("grid", pictures.grid()),
            ("large", pictures.large()),
        )
    }
    curves = draw_curves(metrics)
    if curves is not None:
        figures["losses"] = curves
    for name, content in figures.items():
        write_bytes(run.figures / f"{name}.png", content)
    page = run.path / "report.html"
    write_text(page, render(config, metrics, figures))
    return page


def _png(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.save(file, "PNG", optimize=True)
    return file.getvalue()
