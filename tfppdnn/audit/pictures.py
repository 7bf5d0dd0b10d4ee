"""The pictures of an audit: plain and protected images, and what attackers made of these."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.folder import ATTACKS
from tfppdnn.images.montage import montage, png
from tfppdnn.leakage.judgement import WORKED

_COLUMNS = 8


def draw_pictures(
    record: Mapping[str, Any], pictures: Mapping[str, np.ndarray]
) -> dict[str, bytes]:
    """Draws the protected images, and for each threat model what attacks made of them.

    Args:
        record: An `audit.json`.
        pictures: Images by name of the attack, and `plain` and `protected`.

    Returns:
        PNG files by name, as many as there are pictures for.
    """
    shown = {kind: pictures[kind] for kind in ("plain", "protected") if kind in pictures}
    rows = {"protected": shown} if shown else {}
    for threat_model in ThreatModel:
        attacks = {
            f"{name} ({_became(row)})": pictures[name]
            for name, row in record.get(ATTACKS, {}).items()
            if row["threat_model"] == threat_model.value and name in pictures
        }
        if attacks:
            rows[threat_model.name.lower()] = {**shown, **attacks}
    return {name: png(montage(images, columns=_COLUMNS)) for name, images in rows.items()}


def _became(row: Mapping[str, Any]) -> str:
    """What became of an attack; a sharp picture that is none of the plain one's looks like it."""
    if not row.get("sharp_but_other"):
        return row["status"]
    return f"{row['status']}, {'but' if row['status'] == WORKED else 'and'} of another picture"
