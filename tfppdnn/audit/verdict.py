"""What an audit comes down to, for each kind of attacker, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.leakage.attributes import ATTRIBUTES, in_words
from tfppdnn.leakage.figure import Figures, from_record, how_much, telling
from tfppdnn.leakage.judgement import FAILED, WORKED
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.matching import WAYS_TO_MATCH
from tfppdnn.leakage.members import MEMBERSHIP
from tfppdnn.leakage.members import in_words as said_of_members
from tfppdnn.writing import rare_percent


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one kind of attacker gets.

    Attributes:
        threat_model: What the attacker has.
        recovered: How much he gets back. There is no "nothing": an attack that gets nothing has
            failed, which proves nothing, and if all did it is unknown.
        attack: The attack that got most; None if none worked, or if what is sent shows more.
        evidence: What it reached, for a reader, what failed, and what is sent itself shows.
    """

    threat_model: ThreatModel
    recovered: Level
    attack: str | None
    evidence: str

    @property
    def sentence(self) -> str:
        """All of it, for a reader."""
        return f"{self.recovered.comes_back}: {self.evidence}"


def verdicts(record: Mapping[str, Any]) -> list[Verdict]:
    """Judges each kind of attacker by the most successful of the attacks that he can make.

    Whoever has more can also make the attacks of those who have less. An attack that failed
    counts for nothing, and is named: if all did, the verdict is that nobody knows.

    Everybody sees what is sent. So nobody gets less than it shows as it stands, by the same
    measures. If every attack failed and it shows no more than traces, still nobody knows.

    Args:
        record: An `audit.json`.

    Returns:
        One verdict for each threat model with an attack that applies, from weak to strong; one for
        whoever has nothing but what is sent also if that shows much without an attack.
    """
    rows, sent = record.get("attacks", {}), from_record(record.get("protected", {}).get("leakage"))
    found = []
    for threat_model in ThreatModel:
        possible = attacks_of(rows, threat_model) | _diverged(rows, threat_model)
        verdict = None
        if any(row["threat_model"] == threat_model.value for row in possible.values()):
            verdict = _verdict(threat_model, possible)
        verdict = _at_least_what_is_sent(verdict, threat_model, sent)
        if verdict is not None:
            more = _guessed(rows, threat_model) + _members_told(rows, threat_model)
            found.append(replace(verdict, evidence=verdict.evidence + more))
    return found


def _at_least_what_is_sent(
    verdict: Verdict | None, threat_model: ThreatModel, sent: Figures
) -> Verdict | None:
    """Raises what somebody gets by attacks to what is seen without any."""
    shown = max((one.level for one in sent.values() if one.measure.judged), default=Level.UNKNOWN)
    # Whoever has that alone has a verdict by it; of the others it only stands in the way of less.
    everybody = threat_model is ThreatModel.CIPHERTEXTS_ONLY
    decides = shown >= Level.MUCH and (everybody if verdict is None else shown > verdict.recovered)
    if shown <= Level.NOTHING or not (decides or (everybody and verdict is not None)):
        return verdict
    seen = ", and ".join(filter(None, [_reached(sent), _matches(sent)]))
    if not decides:
        more = f" What is sent itself shows {shown.of_the_pictures}: {seen}."
        return replace(verdict, evidence=verdict.evidence + more)
    beside = "" if verdict is None else f" Beside that, {verdict.evidence}"
    return Verdict(
        threat_model=threat_model,
        recovered=shown,
        attack=None,
        evidence=f"what is sent itself has {seen}.{beside}",
    )


def _matches(sent: Figures) -> str:
    """How many of what is sent are matched, where that is above chance."""
    found = [sent[way] for way in WAYS_TO_MATCH if way in sent]
    best = max(found, key=lambda figure: figure.value, default=None)
    if best is None or best.level is Level.NOTHING:
        return ""
    return (
        f"{rare_percent(best.value)} of {best.count:,} pictures matched (at random "
        f"{rare_percent(best.blind.mean)})"
    )


def attacks_of(
    rows: Mapping[str, Mapping[str, Any]], threat_model: ThreatModel
) -> dict[str, Mapping[str, Any]]:
    """The attacks that somebody can make who has this, and that make pictures.

    Args:
        rows: The `attacks` of an `audit.json`.
        threat_model: What the attacker has; who has more can do what those can who have less.
    """
    return {name: row for name, row in _of_whoever_has(rows, threat_model) if "leakage" in row}


def _diverged(
    rows: Mapping[str, Mapping[str, Any]], threat_model: ThreatModel
) -> dict[str, Mapping[str, Any]]:
    """The attacks that would have made pictures, had their training not diverged."""
    return {
        name: row
        for name, row in _of_whoever_has(rows, threat_model)
        if row["status"] == FAILED and row.get("attempts") and "leakage" not in row
    }


def _of_whoever_has(
    rows: Mapping[str, Mapping[str, Any]], threat_model: ThreatModel
) -> list[tuple[str, Mapping[str, Any]]]:
    models = [model.value for model in ThreatModel]
    able = models[: models.index(threat_model.value) + 1]
    return [(name, row) for name, row in rows.items() if row["threat_model"] in able]


def _guessed(rows: Mapping[str, Mapping[str, Any]], threat_model: ThreatModel) -> str:
    """A sentence for each attack that makes no pictures, but guesses what they are like."""
    return "".join(
        f" {name} guesses {in_words(from_record(row['guessed'], ATTRIBUTES))}."
        for name, row in _of_whoever_has(rows, threat_model)
        if "guessed" in row and row["status"] == WORKED
    )


def _members_told(rows: Mapping[str, Mapping[str, Any]], threat_model: ThreatModel) -> str:
    """A sentence for each attack that tells which pictures the protector was trained on."""
    return "".join(
        f" {name} tells which pictures it was trained on: "
        f"{said_of_members(from_record(row['membership'], MEMBERSHIP))}."
        for name, row in _of_whoever_has(rows, threat_model)
        if "membership" in row and row["status"] == WORKED
    )


def recovered_by(row: Mapping[str, Any]) -> Level:
    """How much of the pictures the reconstructions of an attack show.

    The measure by which most shows decides. Each misses something: re-identification and SSIM a
    negative, the Euclidean one a faint picture, the affine SSIM outlines in other colours. An
    attack that worked brings traces at least.

    Args:
        row: An attack's row in `audit.json`.
    """
    if row["status"] != WORKED:
        return Level.UNKNOWN
    return max(Level.TRACES, telling(from_record(row["leakage"])).level)


def _verdict(threat_model: ThreatModel, rows: Mapping[str, Mapping[str, Any]]) -> Verdict:
    failed = [name for name, row in rows.items() if row["status"] != WORKED]
    if len(failed) == len(rows):
        return Verdict(
            threat_model=threat_model,
            recovered=Level.UNKNOWN,
            attack=None,
            evidence="every attack failed, which proves nothing.",
        )
    worked = {name: from_record(row["leakage"]) for name, row in rows.items() if name not in failed}
    best = max(worked, key=lambda name: how_much(telling(worked[name])))
    reached, matched = _reached(worked[best]), _most_matched(worked)
    evidence = f"{best} reaches {reached}; {matched}." if reached else f"{matched}."
    if others := [name for name, row in rows.items() if row.get("sharp_but_other")]:
        evidence += f" Sharp, and of another picture: what {', '.join(others)} made."
    if failed:
        evidence += f" Failed, which proves nothing: {', '.join(failed)}."
    return Verdict(
        threat_model=threat_model,
        recovered=recovered_by(rows[best]),
        attack=best,
        evidence=evidence,
    )


def _reached(figures: Figures) -> str:
    """Two figures and the one that decides, where they are above knowing nothing."""
    named = {
        "affine_ssim": "an affine SSIM of",
        "orientation_agreement": "an agreement of edges of",
        "contour_correlation": "a contour correlation of",
        "ssim": "an SSIM of",
    }
    decisive = telling(figures).measure.key
    return " and ".join(
        f"{what} {figure.measure.write(figure.value)} (knowing nothing "
        f"{figure.measure.write(figure.blind.mean)})"
        for key, what in named.items()
        if (figure := figures.get(key))
        and key in (*_ALWAYS_NAMED, decisive)
        and figure.level > Level.NOTHING
    )


def _most_matched(worked: Mapping[str, Figures]) -> str:
    figure, name = max(
        (
            (figures[way], name)
            for name, figures in worked.items()
            for way in WAYS_TO_MATCH
            if way in figures
        ),
        key=lambda one: (one[0].value, one[1], one[0].measure.key),
    )
    return (
        f"{name} matches {rare_percent(figure.value)} of {figure.count:,} pictures (at random "
        f"{rare_percent(figure.blind.mean)})"
    )


_ALWAYS_NAMED = ("affine_ssim", "orientation_agreement")
