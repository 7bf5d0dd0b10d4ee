"""Prints README.md's table of who gets what, and draws the picture beside it.

python results/decision.py

Both are made of the audits and the accuracies under results/frontier-cifar10.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.verdict import Recovered, Verdict, attacks_of, verdicts
from tfppdnn.cli.frontier_figures import matched, strongest
from tfppdnn.files import write_bytes

HERE = Path(__file__).parent
FRONTIER = HERE / "frontier-cifar10"
PICTURE = HERE.parent / "docs" / "images" / "who_gets_what.png"

# Folders below the frontier's, and what a reader calls them.
SCHEMES = {
    "cyclegan-1": "the paper's objective",
    "hardened-cifar10": "ours (ships as cifar10)",
    "tanaka": "Tanaka's cipher",
}
WITHOUT_THE_APP, WITH_THE_APP = ThreatModel.CIPHERTEXTS_ONLY, ThreatModel.PROTECTOR
WORDS = {
    Recovered.PICTURES: "**the pictures**",
    Recovered.PARTS: "**much of them**",
    Recovered.TRACES: "traces",
    Recovered.UNKNOWN: "unknown: the attack failed",
}
COLUMNS = 4
TILE, GAP, LINE = 64, 4, 26


def audit_of(scheme: str) -> dict[str, Any]:
    """Reads an audit's record."""
    return json.loads((FRONTIER / "audit" / scheme / "audit.json").read_text())


def verdict_of(record: Mapping[str, Any], threat_model: ThreatModel) -> Verdict:
    """What an attacker gets, who has this and can do what those can who have less."""
    return next(one for one in verdicts(record["attacks"]) if one.threat_model is threat_model)


def most_like(record: Mapping[str, Any], threat_model: ThreatModel) -> dict[str, Any]:
    """Finds the most likeness (affine SSIM) that an attacker gets, by the best of his attacks."""
    return strongest(attacks_of(record["attacks"], threat_model), "affine_ssim")


def recovered(record: Mapping[str, Any], threat_model: ThreatModel) -> str:
    """Writes a cell: in words, and the most of each measure that an attack got."""
    share = matched(attacks_of(record["attacks"], threat_model))["mean"]
    likeness = most_like(record, threat_model)["mean"]
    words = WORDS[verdict_of(record, threat_model).recovered]
    return f"{words} ({share:.1%} matched, likeness {likeness:.2f})"


def outlines(record: Mapping[str, Any]) -> str:
    """Writes how well the edges of what is sent agree with those of the picture."""
    leakage = record["protected"]["leakage"]
    own, chance = (leakage[f"orientation_agreement{one}"]["mean"] for one in ("", "_chance"))
    # Small figures round to a zero with a sign.
    return f"{own:.2f} ({chance + 0.0:.2f})".replace("-", "\N{MINUS SIGN}")


def recognised(record: Mapping[str, Any]) -> str:
    """Writes how many protected pictures a classifier names that never saw a protected one."""
    return f"{100 * record['protected']['leakage']['recognition']['mean']:.1f}%"


def table() -> str:
    """Writes the table in Markdown."""
    accuracies = {
        point["name"]: f"{100 * point['accuracy']['test_accuracy']:.1f}%"
        for point in json.loads((FRONTIER / "frontier.json").read_text())["frontier"]["points"]
    }
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
            f"the same, and the class where its classifier is right ({accuracies[scheme]})"
            for scheme in SCHEMES
        ],
        "**Someone with the app in hand**": [
            recovered(record, WITH_THE_APP) for record in records.values()
        ],
        # Whoever has the app protects the list; different pictures become different ones.
        "The same, if he has the picture in a list": ["**finds it**"] * len(SCHEMES),
        f"Accuracy of a classifier trained on them (on plain ones {accuracies['plain']})": [
            accuracies[scheme] for scheme in SCHEMES
        ],
    }
    lines = [["", *SCHEMES.values()], ["---"] * (len(SCHEMES) + 1)]
    lines += [[title, *cells] for title, cells in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def images_of(scheme: str, name: str) -> np.ndarray:
    """Reads an audit's first pictures: plain, protected, or what an attack made of them."""
    with np.load(FRONTIER / "audit" / scheme / "reconstructions" / f"{name}.npz") as file:
        return file["images"][:COLUMNS]


def draw() -> Image.Image:
    """Draws a column a scheme: what is sent, and what comes back to whom."""
    width, row = COLUMNS * (TILE + GAP) + 6 * GAP, LINE + TILE + 2 * GAP
    picture = Image.new("RGB", (width * len(SCHEMES) + 2 * GAP, 4 * row + LINE), "white")
    pen, font = ImageDraw.Draw(picture), ImageFont.load_default(17)
    for column, (scheme, title) in enumerate(SCHEMES.items()):
        record = audit_of(scheme)
        left = 3 * GAP + column * width
        rows = {
            "the pictures": "plain",
            "what is sent": "protected",
            "an eavesdropper's": most_like(record, WITHOUT_THE_APP)["attack"],
            "with the app in hand": most_like(record, WITH_THE_APP)["attack"],
        }
        pen.text((left, GAP), title, fill="black", font=font)
        for line, (label, name) in enumerate(rows.items()):
            top = LINE + line * row
            pen.text((left, top + GAP), label, fill=(110, 114, 122), font=font)
            for place, image in enumerate(images_of(scheme, name)):
                tile = Image.fromarray(image).resize((TILE, TILE), Image.Resampling.NEAREST)
                picture.paste(tile, (left + place * (TILE + GAP), top + LINE))
    return picture


if __name__ == "__main__":
    print(table())
    file = io.BytesIO()
    draw().save(file, "PNG", optimize=True)
    write_bytes(PICTURE, file.getvalue())
