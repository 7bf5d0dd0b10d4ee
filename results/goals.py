"""Prints results/README.md's table of what the shipped protector was to reach, and did.

python results/goals.py

Beside it stands the paper's objective with the same networks to build on and the same attackers.
Figures are those of the frontier, of its audits, and of the classifiers of tiny_imagenet100.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
OURS, PAPERS = "hardened-cifar10", "cyclegan-1"
# Both learn from pairs that they made themselves; the owner of h_p takes the better.
OWNERS_ATTACKS = ("itn", "itn_global")
TINY = "tiny_imagenet100"

Figure = dict[str, Any]


def read(path: str) -> Figure:
    """Reads a record below this folder."""
    return json.loads((HERE / path).read_text())


def audit_of(name: str) -> Figure:
    """Reads an audit's record."""
    return read(f"frontier-cifar10/audit/{name}/audit.json")


def owners(audit: Figure, measure: str) -> Figure:
    """The leakage of the attack by the protector's owner that gets most of one measure."""
    leakages = [audit["attacks"][attack]["leakage"] for attack in OWNERS_ATTACKS]
    return max(leakages, key=lambda leakage: leakage[measure]["mean"])


def accuracy_of(name: str) -> float:
    """A ResNet-18's of CIFAR-10, in percent."""
    points = read("frontier-cifar10/frontier.json")["frontier"]["points"]
    (point,) = (point for point in points if point["name"] == name)
    return 100 * point["accuracy"]["test_accuracy"]


def tiny_of(row: str) -> float:
    """A ResNet-18's of tiny_imagenet100 in the reduced Table I, in percent."""
    rows = read("table1-cpu/table1.json")["table"]["rows"]
    return 100 * rows[row]["accuracy"][TINY]["test_accuracy"]


def table() -> str:
    """Writes the table in Markdown."""
    ours, papers = audit_of(OURS), audit_of(PAPERS)
    tiny = read(f"{OURS}-on-{TINY}/metrics.json")["classify"]["protected"]["test_accuracy"] * 100
    plain, plain_tiny = accuracy_of("plain"), tiny_of("plain")
    rows = [
        _row(
            "affine SSIM of what its owner gets back (mean picture "
            f"{owners(ours, 'affine_ssim')['affine_ssim_floor']['mean']:.2f})",
            "at most 0.2",
            *(f"{owners(one, 'affine_ssim')['affine_ssim']['mean']:.2f}" for one in (ours, papers)),
            reached=owners(ours, "affine_ssim")["affine_ssim"]["mean"] <= 0.2,
        ),
        _row(
            "matched, of 1,000 (chance 0.1%)",
            "at most 5%",
            *(f"{100 * _matched(one):.1f}%" for one in (ours, papers)),
            reached=_matched(ours) <= 0.05,
        ),
        _gan_row(ours, papers),
        _contours_row(ours, papers),
        _row(
            f"ResNet-18, 2 epochs (plain pictures {plain:.1f}%)",
            "at most 2 points below",
            f"{accuracy_of(OURS):.1f}%",
            f"{accuracy_of(PAPERS):.1f}%",
            reached=accuracy_of(OURS) >= plain - 2,
        ),
        _row(
            f"the same on {TINY}, 8 epochs (plain pictures {plain_tiny:.1f}%)",
            "at most 8 points below",
            f"{tiny:.1f}%",
            f"{tiny_of('proposed'):.1f}%, an earlier run ([table1-cpu](table1-cpu/table1.md))",
            reached=tiny >= plain_tiny - 8,
        ),
    ]
    head = ["", "to reach", f"`{OURS}`", f"`{PAPERS}`", "reached"]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *rows])


def _row(what: str, goal: str, ours: str, papers: str, *, reached: bool) -> list[str]:
    return [what, goal, ours, papers, "yes" if reached else "**no**"]


def _matched(audit: Figure) -> float:
    return owners(audit, "reidentification")["reidentification"]["mean"]


def _gan_row(ours: Figure, papers: Figure) -> list[str]:
    gans = [audit["attacks"]["gan"] for audit in (ours, papers)]
    cells = [f"{gan['leakage']['ssim']['mean']:.2f} ({gan['status']})" for gan in gans]
    row = _row(
        "SSIM of the GAN attack",
        "at most 0.05",
        *(cell.replace("-", "\N{MINUS SIGN}") for cell in cells),
        reached=gans[0]["leakage"]["ssim"]["mean"] <= 0.05,
    )
    # An attack that did not work on anybody says nothing of its victim.
    if row[-1] == "yes" and gans[0]["status"] == "failed":
        row[-1] = "not shown: the attack failed"
    return row


def _contours_row(ours: Figure, papers: Figure) -> list[str]:
    found = [
        (leakage["contour_correlation"]["mean"], leakage["contour_correlation_chance"]["mean"])
        for leakage in (audit["protected"]["leakage"] for audit in (ours, papers))
    ]
    return _row(
        "contour correlation (chance)",
        "chance + 0.05",
        *(f"{mean:.3f} ({chance:.3f})" for mean, chance in found),
        reached=found[0][0] <= found[0][1] + 0.05,
    )


if __name__ == "__main__":
    print(table())
