"""What an audit comes down to, for each kind of attacker, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.auditor import WORKED


class Recovered(IntEnum):
    """How much of the pictures an attacker gets back; higher is worse.

    There is no "nothing": an attack that gets nothing has failed, which proves nothing.
    """

    UNKNOWN = 0
    TRACES = 1
    PARTS = 2
    PICTURES = 3


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one kind of attacker gets.

    Attributes:
        threat_model: What the attacker has.
        recovered: How much he gets back.
        attack: The attack that got most; None if none worked.
        evidence: What it reached, for a reader, and what failed.
    """

    threat_model: ThreatModel
    recovered: Recovered
    attack: str | None
    evidence: str

    @property
    def sentence(self) -> str:
        """All of it, for a reader."""
        return f"{_SENTENCES[self.recovered]}: {self.evidence}"


_SENTENCES = {
    Recovered.UNKNOWN: "Unknown",
    Recovered.PICTURES: "The pictures come back",
    Recovered.PARTS: "Much of the pictures comes back",
    Recovered.TRACES: "Traces of the pictures come back",
}

# Of the way from knowing nothing to the plain picture.
_PICTURES_FROM, _PARTS_FROM = 0.5, 0.2
# By what, and what knowing nothing is called there.
_JUDGED = {
    "affine_ssim": "_floor",
    "orientation_agreement": "_chance",
    "reidentification": "_chance",
    "cosine_reidentification": "_chance",
}

MATCHING = ("reidentification", "cosine_reidentification")
"""The ways to match reconstructions; audits of earlier versions have the first only."""


def verdicts(rows: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Judges each kind of attacker by the most successful of the attacks that he can make.

    Whoever has more can also make the attacks of those who have less. An attack that failed
    counts for nothing, and is named: if all did, the verdict is that nobody knows.

    Args:
        rows: The `attacks` of an `audit.json`.

    Returns:
        One verdict for each threat model with an attack that applies, from weak to strong.
    """
    found, possible = [], {}
    for threat_model in ThreatModel:
        own = {
            name: row
            for name, row in rows.items()
            if row["threat_model"] == threat_model.value and "leakage" in row
        }
        possible |= own
        if own:
            found.append(_verdict(threat_model, possible))
    return found


def recovered_by(row: Mapping[str, Any]) -> Recovered:
    """How much of the pictures the reconstructions of an attack show.

    Judged by the affine SSIM, by the orientation of edges and by both re-identifications, each
    as a share of the way from knowing nothing to the plain picture; the largest counts. Each
    misses something: re-identification and SSIM a negative, the Euclidean one a faint picture,
    the affine SSIM outlines in other colours. An attack that worked brings traces at least.

    Args:
        row: An attack's row in `audit.json`.
    """
    if row["status"] != WORKED:
        return Recovered.UNKNOWN
    share = max(_share(row["leakage"], name, blind) for name, blind in _JUDGED.items())
    return Recovered(Recovered.TRACES + (share >= _PARTS_FROM) + (share >= _PICTURES_FROM))


def _share(figures: Mapping[str, Mapping[str, float]], name: str, blind_suffix: str) -> float:
    if name not in figures:
        return 0.0
    blind = figures[name + blind_suffix]["mean"]
    return (figures[name]["mean"] - blind) / max(1 - blind, 1e-9)


def _verdict(threat_model: ThreatModel, rows: Mapping[str, Mapping[str, Any]]) -> Verdict:
    failed = [name for name, row in rows.items() if row["status"] != WORKED]
    if len(failed) == len(rows):
        return Verdict(
            threat_model=threat_model,
            recovered=Recovered.UNKNOWN,
            attack=None,
            evidence="every attack failed, which proves nothing.",
        )
    by_strength = {
        name: (recovered_by(row), *(_share(row["leakage"], *judged) for judged in _JUDGED.items()))
        for name, row in rows.items()
        if name not in failed
    }
    best = max(by_strength, key=by_strength.__getitem__)
    recovered = by_strength[best][0]
    figures = rows[best]["leakage"]
    matched = max((figures[name] for name in MATCHING if name in figures), key=_mean)
    evidence = (
        f"{best} reaches an affine SSIM of {_beside_blind(figures, 'affine_ssim')} and an "
        f"agreement of edges of {_beside_blind(figures, 'orientation_agreement')}, and matches "
        f"{matched['mean']:.1%} of {matched['count']:,} pictures (at random "
        f"{figures['reidentification_chance']['mean']:.1%})."
    )
    if failed:
        evidence += f" Failed, which proves nothing: {', '.join(failed)}."
    return Verdict(threat_model=threat_model, recovered=recovered, attack=best, evidence=evidence)


def _mean(figure: Mapping[str, float]) -> float:
    return figure["mean"]


def _beside_blind(figures: Mapping[str, Mapping[str, float]], name: str) -> str:
    blind = figures[name + _JUDGED[name]]["mean"]
    return f"{figures[name]['mean']:.2f} (knowing nothing {blind:.2f})"
