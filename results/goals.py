"""Prints results/README.md's table of what the shipped protector was to reach, and did.

python results/goals.py

Beside it stands the paper's objective with the same networks to build on and the same attackers.
Figures are those of the frontier, of its audits, and of the classifiers of tiny_imagenet100.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.verdict import attacks_of
from tfppdnn.experiments.frontier_figures import matched, strongest
from tfppdnn.leakage.judgement import FAILED
from tfppdnn.reports import markdown

HERE = Path(__file__).parent
FRONTIER = "frontier-cifar10"
OURS, PAPERS = "hardened-cifar10", "cyclegan-1"
TINY = "tiny_imagenet100"

Figure = dict[str, Any]


def read(path: str) -> Figure:
    """Reads a record below this folder."""
    return json.loads((HERE / path).read_text())


def table() -> str:
    """Writes the table in Markdown."""
    points = {
        point["name"]: point for point in read(f"{FRONTIER}/frontier.json")["frontier"]["points"]
    }
    both = [points[OURS], points[PAPERS]]
    likeness = [_most(name, "affine_ssim") for name in (OURS, PAPERS)]
    found = [matched(_owners(name))["mean"] for name in (OURS, PAPERS)]
    contours = [point["protected"]["contour_correlation"] for point in both]
    ours, papers, plain = (_percent(point["accuracy"]) for point in (*both, points["plain"]))
    tiny = _percent(read(f"{OURS}-on-{TINY}/metrics.json")["classify"]["protected"])
    earlier = read("table1-cpu/table1.json")["table"]["rows"]
    tiny_papers, tiny_plain = (
        _percent(earlier[row]["accuracy"][TINY]) for row in ("proposed", "plain")
    )
    rows = [
        _row(
            f"affine SSIM of what its owner gets back (mean picture {likeness[0]['floor']:.2f})",
            "at most 0.2",
            *(f"{one['mean']:.2f}" for one in likeness),
            reached=likeness[0]["mean"] <= 0.2,
        ),
        _row(
            "matched, of 1,000 (chance 0.1%)",
            "at most 5%",
            *(f"{one:.1%}" for one in found),
            reached=found[0] <= 0.05,
        ),
        _gan_row(),
        _row(
            "contour correlation (chance)",
            "chance + 0.05",
            *(f"{one['mean']:.3f} ({one['chance']:.3f})" for one in contours),
            reached=contours[0]["mean"] <= contours[0]["chance"] + 0.05,
        ),
        _row(
            f"ResNet-18, 2 epochs (plain pictures {plain:.1f}%)",
            "at most 2 points below",
            f"{ours:.1f}%",
            f"{papers:.1f}%",
            reached=ours >= plain - 2,
        ),
        _row(
            f"the same on {TINY}, 8 epochs (plain pictures {tiny_plain:.1f}%)",
            "at most 8 points below",
            f"{tiny:.1f}%",
            f"{tiny_papers:.1f}%, an earlier run ([table1-cpu](table1-cpu/table1.md))",
            reached=tiny >= tiny_plain - 8,
        ),
    ]
    head = ["", "to reach", f"`{OURS}`", f"`{PAPERS}`", "reached"]
    return markdown.table(head, rows)


def _row(what: str, goal: str, ours: str, papers: str, *, reached: bool) -> list[str]:
    return [what, goal, ours, papers, "yes" if reached else "**no**"]


def _gan_row() -> list[str]:
    # It sees protected pictures only, so that no frontier asks it.
    gans = [
        read(f"{FRONTIER}/audit/{name}/audit.json")["attacks"]["gan"] for name in (OURS, PAPERS)
    ]
    cells = [f"{gan['leakage']['ssim']['mean']:.2f} ({gan['status']})" for gan in gans]
    row = _row(
        "SSIM of the GAN attack",
        "at most 0.05",
        *(cell.replace("-", "\N{MINUS SIGN}") for cell in cells),
        reached=gans[0]["leakage"]["ssim"]["mean"] <= 0.05,
    )
    # An attack that failed says nothing of its victim.
    if row[-1] == "yes" and gans[0]["status"] == FAILED:
        row[-1] = "not shown: the attack failed"
    return row


def _most(name: str, measure: str) -> Figure:
    """What the owner of a protector gets of a measure; also by attacks that no frontier makes."""
    return strongest(_owners(name), measure)


def _owners(name: str) -> dict[str, Figure]:
    record = read(f"{FRONTIER}/audit/{name}/audit.json")
    return attacks_of(record["attacks"], ThreatModel.PROTECTOR)


def _percent(figures: Figure) -> float:
    return 100 * figures["test_accuracy"]


if __name__ == "__main__":
    print(table())
