"""What an audit comes down to, for each kind of attacker, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.auditor import WORKED
from tfppdnn.leakage.matching import WAYS_TO_MATCH


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
    **dict.fromkeys(WAYS_TO_MATCH, "_chance"),
}


def verdicts(rows: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Judges each kind of attacker by the most successful of the attacks that he can make.

    Whoever has more can also make the attacks of those who have less. An attack that failed
    counts for nothing, and is named: if all did, the verdict is that nobody knows.

    Args:
        rows: The `attacks` of an `audit.json`.

    Returns:
        One verdict for each threat model with an attack that applies, from weak to strong.
    """
    found = []
    for threat_model in ThreatModel:
        possible = attacks_of(rows, threat_model)
        if any(row["threat_model"] == threat_model.value for row in possible.values()):
            found.append(_verdict(threat_model, possible))
    return found


def attacks_of(
    rows: Mapping[str, Mapping[str, Any]], threat_model: ThreatModel
) -> dict[str, Mapping[str, Any]]:
    """The attacks that somebody can make who has this, and that make pictures.

    Args:
        rows: The `attacks` of an `audit.json`.
        threat_model: What the attacker has; who has more can do what those can who have less.
    """
    models = [model.value for model in ThreatModel]
    able = models[: models.index(threat_model.value) + 1]
    return {
        name: row for name, row in rows.items() if row["threat_model"] in able and "leakage" in row
    }


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
    share = _largest_share(row)
    return Recovered(Recovered.TRACES + (share >= _PARTS_FROM) + (share >= _PICTURES_FROM))


def _largest_share(row: Mapping[str, Any]) -> float:
    return max(_share(row["leakage"], name, blind) for name, blind in _JUDGED.items())


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
    worked = {name: row for name, row in rows.items() if name not in failed}
    best = max(worked, key=lambda name: _largest_share(worked[name]))
    figures = worked[best]["leakage"]
    evidence = (
        f"{best} reaches an affine SSIM of {_beside_blind(figures, 'affine_ssim')} and an "
        f"agreement of edges of {_beside_blind(figures, 'orientation_agreement')}; "
        f"{_most_matched(worked)}."
    )
    if failed:
        evidence += f" Failed, which proves nothing: {', '.join(failed)}."
    return Verdict(
        threat_model=threat_model,
        recovered=recovered_by(worked[best]),
        attack=best,
        evidence=evidence,
    )


def _most_matched(rows: Mapping[str, Mapping[str, Any]]) -> str:
    found = [
        (row["leakage"][way]["mean"], name, way)
        for name, row in rows.items()
        for way in WAYS_TO_MATCH
        if way in row["leakage"]
    ]
    mean, name, way = max(found)
    figures = rows[name]["leakage"]
    return (
        f"{name} matches {mean:.1%} of {figures[way]['count']:,} pictures (at random "
        f"{figures[f'{way}_chance']['mean']:.1%})"
    )


def _beside_blind(figures: Mapping[str, Mapping[str, float]], name: str) -> str:
    blind = figures[name + _JUDGED[name]]["mean"]
    return f"{figures[name]['mean']:.2f} (knowing nothing {blind:.2f})"
