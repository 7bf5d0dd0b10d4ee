"""Writing an audit's report and its pictures into the audit's folder."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.auditor import ATTACKS, reconstructions_path
from tfppdnn.files import write_bytes, write_text
from tfppdnn.images.montage import montage, png
from tfppdnn.reports.audit_page import render_audit
from tfppdnn.run_folder import RunFolder

_COLUMNS = 8


def write_audit_report(run: RunFolder) -> Path:
    """Writes `report.html` and `figures/*.png` of an audit; may be called again at any time.

    Args:
        run: The audit's folder, with its `config.json`, `audit.json` and reconstructions.

    Returns:
        The path of `report.html`, which embeds the pictures. They show plain images.

    Raises:
        UserError: The folder holds no audit, or cannot be written to.
    """
    config, record = run.config(), run.metrics()
    figures = {}
    for name, rows in _rows_of_pictures(run, record).items():
        figures[name] = png(montage(rows, columns=_COLUMNS))
        write_bytes(run.figures / f"{name}.png", figures[name])
    page = run.path / "report.html"
    write_text(page, render_audit(config, record, figures))
    return page


def _rows_of_pictures(
    run: RunFolder, record: Mapping[str, Any]
) -> dict[str, dict[str, np.ndarray]]:
    """For the protected images and for each threat model: rows of images by their label."""
    shown = {kind: _images(run, kind) for kind in ("plain", "protected")}
    pictures = {"protected": shown}
    for threat_model in ThreatModel:
        attacks = {
            f"{name} ({row['status']})": _images(run, name)
            for name, row in record.get(ATTACKS, {}).items()
            if row["threat_model"] == threat_model.value and "leakage" in row
        }
        if attacks:
            pictures[threat_model.name.lower()] = {**shown, **attacks}
    return pictures


def _images(run: RunFolder, name: str) -> np.ndarray:
    with np.load(reconstructions_path(run, name)) as file:
        return file["images"]
