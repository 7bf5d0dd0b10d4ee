"""What an audit comes down to, for each kind of attacker, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.auditor import FAILED, WORKED


class Recovered(IntEnum):
    """How much of the pictures an attacker gets back; higher is worse."""

    UNKNOWN = -1
    NOTHING = 0
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
        sentence: The same for a reader.
    """

    threat_model: ThreatModel
    recovered: Recovered
    attack: str | None
    sentence: str


_SENTENCES = {
    Recovered.PICTURES: "The pictures come back",
    Recovered.PARTS: "Much of the pictures comes back",
    Recovered.TRACES: "Traces of the pictures come back",
    Recovered.NOTHING: "No more than knowing nothing",
}

# Of the way from knowing nothing to the plain picture.
_PICTURES_FROM, _PARTS_FROM = 0.5, 0.2


def verdicts(rows: Mapping[str, Mapping[str, Any]]) -> list[Verdict]:
    """Judges each kind of attacker by the most successful of his attacks.

    An attack that failed counts for nothing: if all of a kind failed, the verdict is that
    nobody knows.

    Args:
        rows: The `attacks` of an `audit.json`.

    Returns:
        One verdict for each threat model with an attack that applies, from weak to strong.
    """
    found = []
    for threat_model in ThreatModel:
        own = {
            name: row
            for name, row in rows.items()
            if row["threat_model"] == threat_model.value and "leakage" in row
        }
        if own:
            found.append(_verdict(threat_model, own))
    return found


def recovered_by(row: Mapping[str, Any]) -> Recovered:
    """How much of the pictures the reconstructions of an attack show.

    Judged by the affine SSIM and by the re-identification, each as a share of the way from
    knowing nothing to the plain picture, and by the interval's end that lies nearer to it.

    Args:
        row: An attack's row in `audit.json`.
    """
    if row["status"] == FAILED:
        return Recovered.UNKNOWN
    figures = row["leakage"]
    shares = [
        _share(figures["affine_ssim"], figures["affine_ssim_floor"]),
        _share(figures["reidentification"], figures["reidentification_chance"]),
    ]
    share = max(shares)
    if share <= 0:
        return Recovered.NOTHING
    return Recovered(1 + (share >= _PARTS_FROM) + (share >= _PICTURES_FROM))


def _share(figure: Mapping[str, float], blind: Mapping[str, float]) -> float:
    if figure["low"] <= blind["high"]:
        return 0.0
    return (figure["mean"] - blind["mean"]) / max(1 - blind["mean"], 1e-9)


def _verdict(threat_model: ThreatModel, rows: Mapping[str, Mapping[str, Any]]) -> Verdict:
    worked = {name: row for name, row in rows.items() if row["status"] == WORKED}
    if not worked:
        return Verdict(
            threat_model=threat_model,
            recovered=Recovered.UNKNOWN,
            attack=None,
            sentence="Unknown: every attack failed, which proves nothing.",
        )
    by_strength = {
        name: (recovered_by(row), row["leakage"]["affine_ssim"]["mean"])
        for name, row in worked.items()
    }
    best = max(by_strength, key=by_strength.__getitem__)
    recovered = by_strength[best][0]
    figures = worked[best]["leakage"]
    return Verdict(
        threat_model=threat_model,
        recovered=recovered,
        attack=best,
        sentence=(
            f"{_SENTENCES[recovered]}: {best} reaches an affine SSIM of "
            f"{figures['affine_ssim']['mean']:.2f} (knowing nothing "
            f"{figures['affine_ssim_floor']['mean']:.2f}) and matches "
            f"{figures['reidentification']['mean']:.1%} of "
            f"{figures['reidentification']['count']:,} pictures (at random "
            f"{figures['reidentification_chance']['mean']:.1%})."
        ),
    )
