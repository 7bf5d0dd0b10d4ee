"""Prints the table of results/README.md from the metrics beside it.

python results/table.py RUN RUN ..., with names of folders here; that page says which.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from tfppdnn.leakage.figure import from_record
from tfppdnn.reports import markdown

HERE = Path(__file__).parent


def percent(share: float) -> str:
    """Writes a share in [0, 1]."""
    return f"{100 * share:.1f}%"


def beside(leakage: dict[str, Any], name: str) -> str:
    """Writes a mean, and in brackets what knowing nothing gives."""
    return from_record(leakage)[name].beside_blind


def matched(leakage: dict[str, Any]) -> str:
    """Writes a re-identification rate beside chance."""
    figure = from_record(leakage)["reidentification"]
    found, chance = percent(figure.value), percent(figure.blind.mean)
    return f"{found} of {figure.count:,} ({chance})"


def both_classifiers(metrics: dict[str, Any]) -> str:
    """Writes ResNet-18's accuracies, as far as it was trained."""
    classify = metrics.get("classify", {})
    if not {"plain", "protected"} <= classify.keys():
        return "not trained"
    return " / ".join(percent(classify[kind]["test_accuracy"]) for kind in ("plain", "protected"))


def by_mistake(metrics: dict[str, Any]) -> str:
    """Writes what ResNet-18 of protected pictures makes of plain ones."""
    protected = metrics.get("classify", {}).get("protected")
    return percent(protected["accuracy_on_plain_images"]) if protected else "not trained"


ROWS: dict[str, Callable[[dict[str, Any]], str]] = {
    "test pictures": lambda m: f"{m['protector']['test_images']:,}",
    "reference classifier on plain / protected": lambda m: " / ".join(
        percent(m["protector"][f"reference_accuracy_on_{kind}"]) for kind in ("plain", "protected")
    ),
    "ResNet-18 trained on plain / protected": both_classifiers,
    "the latter given plain pictures by mistake": by_mistake,
    "SSIM (mean picture)": lambda m: beside(m["protector"]["leakage"], "ssim"),
    "affine SSIM (mean picture)": lambda m: beside(m["protector"]["leakage"], "affine_ssim"),
    "orientation agreement (chance)": lambda m: beside(
        m["protector"]["leakage"], "orientation_agreement"
    ),
    "the same, photographs at 96x96 (chance)": lambda m: beside(
        m["protector"]["photographs_leakage"], "orientation_agreement"
    ),
    "contour correlation (chance)": lambda m: beside(
        m["protector"]["leakage"], "contour_correlation"
    ),
    "matched to the right picture (chance)": lambda m: matched(m["protector"]["leakage"]),
    "restored by the training's own restorer: SSIM (mean picture)": lambda m: beside(
        m["protector"]["restored_leakage"], "ssim"
    ),
    "restored: matched (chance)": lambda m: matched(m["protector"]["restored_leakage"]),
    "gate: protected refused / plain let through": lambda m: (
        f"{percent(m['gate']['protected_refused'])} / {percent(m['gate']['plain_let_through'])}"
    ),
    "8-bit file, mean difference in grey levels": lambda m: (
        f"{m['export']['protector_int8.tflite']['mean_difference']:.1f}"
    ),
}


def table(names: Sequence[str]) -> str:
    """Writes one column a result, in Markdown."""
    results = [json.loads((HERE / name / "metrics.json").read_text()) for name in names]
    return markdown.table(
        ["", *(f"`{name}`" for name in names)],
        [[title, *map(write, results)] for title, write in ROWS.items()],
    )


if __name__ == "__main__":
    print(table(sys.argv[1:]))
