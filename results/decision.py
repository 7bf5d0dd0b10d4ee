"""Prints the table of who gets what of docs/privacy.md, and draws the picture beside it.

python results/decision.py [FRONTIER]

The table is made of the audits and the accuracies under results/frontier-cifar10. The picture is
drawn only if FRONTIER is given: the folder of `frontier` itself, such as runs/frontier, whose
audits still have the pictures that every attack made.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.verdict import Verdict, attacks_of, verdicts
from tfppdnn.experiments.frontier_figures import matched, strongest
from tfppdnn.files import write_bytes
from tfppdnn.images.montage import montage, png
from tfppdnn.leakage.figure import from_record
from tfppdnn.leakage.judgement import WORKED
from tfppdnn.leakage.level import Level
from tfppdnn.reports import markdown

HERE = Path(__file__).parent
FRONTIER = HERE / "frontier-cifar10"
PICTURE = HERE.parent / "docs" / "images" / "who_gets_what.png"

# Folders below the frontier's, and what a reader calls them.
SCHEMES = {
    "cyclegan-1": "the paper's objective",
    "hardened-cifar10": "ours, trained as briefly",
    "tanaka": "Tanaka's cipher",
}
WITHOUT_THE_APP, WITH_THE_APP = ThreatModel.CIPHERTEXTS_ONLY, ThreatModel.PROTECTOR
COLUMNS = 4


def audit_of(scheme: str) -> dict[str, Any]:
    """Reads an audit's record."""
    return json.loads((FRONTIER / "audit" / scheme / "audit.json").read_text())


def verdict_of(record: Mapping[str, Any], threat_model: ThreatModel) -> Verdict:
    """What an attacker gets, who has this and can do what those can who have less."""
    return next(one for one in verdicts(record) if one.threat_model is threat_model)


def most_like(record: Mapping[str, Any], threat_model: ThreatModel) -> dict[str, Any]:
    """Finds the most likeness (affine SSIM) that an attacker gets, by the best of his attacks."""
    return strongest(attacks_of(record["attacks"], threat_model), "affine_ssim")


def recovered(record: Mapping[str, Any], threat_model: ThreatModel) -> str:
    """Writes a cell: in words, and the most of each measure that is sent or that an attack got."""
    # What is sent counts as it stands, beside what attacks made of it.
    sent = {"status": WORKED, "leakage": record["protected"]["leakage"]}
    shown = {**attacks_of(record["attacks"], threat_model), "what is sent itself": sent}
    share, likeness = matched(shown)["mean"], strongest(shown, "affine_ssim")["mean"]
    verdict = verdict_of(record, threat_model)
    level = verdict.recovered
    words = f"**{level.word}**" if level >= Level.MUCH else level.word
    if level is Level.UNKNOWN:
        words += ": the attack failed"
    elif verdict.attack is None:
        words += ", as it is sent"
    return f"{words} ({share:.1%} matched, likeness {likeness:.2f})"


def outlines(record: Mapping[str, Any]) -> str:
    """Writes how well the edges of what is sent agree with those of the picture."""
    return from_record(record["protected"]["leakage"])["orientation_agreement"].beside_blind


def recognised(record: Mapping[str, Any]) -> str:
    """Writes how many protected pictures a classifier names that never saw a protected one."""
    figure = from_record(record["protected"]["leakage"])["recognition"]
    return figure.measure.write(figure.value)


def table() -> str:
    """Writes the table in Markdown."""
    points = json.loads((FRONTIER / "frontier.json").read_text())["frontier"]["points"]
    accuracies = {
        point["name"]: f"{100 * point['accuracy']['test_accuracy']:.1f}%" for point in points
    }
    (epochs,) = {point["accuracy"]["epochs"] for point in points}
    records = {scheme: audit_of(scheme) for scheme in SCHEMES}
    chance = next(iter(records.values()))["protected"]["leakage"]["recognition_chance"]["mean"]
    rows = {
        "Outlines in what is sent, for everybody to see (by chance)": [
            outlines(record) for record in records.values()
        ],
        "**An eavesdropper**, or a leaked bucket": [
            recovered(record, WITHOUT_THE_APP) for record in records.values()
        ],
        f"The class, by a classifier of plain pictures (by chance {chance:.1%})": [
            recognised(record) for record in records.values()
        ],
        "**A curious cloud**, without the app": [
            f"at least the same, and the class where its classifier is right ({accuracies[scheme]})"
            for scheme in SCHEMES
        ],
        "**Someone with the app in hand**": [
            recovered(record, WITH_THE_APP) for record in records.values()
        ],
        # Whoever has the app protects the list; different pictures become different ones.
        "The same, if he has the picture in a list": ["**finds it**"] * len(SCHEMES),
        f"Accuracy of a classifier trained on them for {epochs} epochs (on plain ones "
        f"{accuracies['plain']})": [accuracies[scheme] for scheme in SCHEMES],
    }
    return markdown.table(
        ["", *SCHEMES.values()], [[title, *cells] for title, cells in rows.items()]
    )


def images_of(frontier: Path, scheme: str, name: str) -> np.ndarray:
    """Reads an audit's first pictures: plain, protected, or what an attack made of them."""
    with np.load(frontier / "audit" / scheme / "reconstructions" / f"{name}.npz") as file:
        return file["images"]


def draw(frontier: Path) -> Image.Image:
    """Draws a column a scheme: what is sent, and what comes back to whom."""
    columns = []
    for scheme, title in SCHEMES.items():
        record = audit_of(scheme)
        names = {
            "the pictures": "plain",
            "what is sent": "protected",
            "an eavesdropper's": most_like(record, WITHOUT_THE_APP)["attack"],
            "with the app in hand": most_like(record, WITH_THE_APP)["attack"],
        }
        rows = {label: images_of(frontier, scheme, name) for label, name in names.items()}
        columns.append(
            montage(rows, columns=COLUMNS, tile=64, title=title, label_size=17, margin=12, gap=4)
        )
    return Image.fromarray(np.concatenate([np.asarray(one) for one in columns], axis=1))


if __name__ == "__main__":
    print(table())
    if sys.argv[1:]:
        write_bytes(PICTURE, png(draw(Path(sys.argv[1]))))
