"""What an audit decides: deploy or not, for what, against whom, with what left over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfppdnn.attacks.threat_model import ThreatModel
from tfppdnn.audit.folder import ATTACKS
from tfppdnn.audit.verdict import Verdict
from tfppdnn.leakage.attributes import ATTRIBUTES
from tfppdnn.leakage.figure import from_record
from tfppdnn.leakage.judgement import WORKED
from tfppdnn.leakage.level import Level
from tfppdnn.reports.decision import Decision
from tfppdnn.reports.names import spoken

_WHO = {
    ThreatModel.CIPHERTEXTS_ONLY: "whoever sees protected pictures only",
    ThreatModel.CHOSEN_PLAINTEXTS: "whoever can have pictures of his own protected",
    ThreatModel.PROTECTOR: "whoever has the app",
}
_NOBODY = {
    ThreatModel.CHOSEN_PLAINTEXTS: "can have pictures of his own protected",
    ThreatModel.PROTECTOR: "has the app but those who may see the pictures",
}


def decide_on(
    found: Sequence[Verdict], config: Mapping[str, Any], record: Mapping[str, Any]
) -> Decision | None:
    """Decides by the attackers that were tried; who has more can do what those can who have less.

    Args:
        found: What each kind of attacker gets, from weak to strong.
        config: The audit's `config.json`.
        record: Its `audit.json`.

    Returns:
        None without a verdict.
    """
    if not found:
        return None
    kept = [one for one in found if one.recovered in (Level.NOTHING, Level.TRACES)]
    unknown = [one for one in found if one.recovered is Level.UNKNOWN]
    lost = [one for one in found if one.recovered >= Level.MUCH]
    dataset = config.get("dataset", {})
    use = (
        f"Classifying pictures like those of {spoken(dataset.get('name', 'its data set'))}, at "
        f"{dataset.get('image_size')}x{dataset.get('image_size')} pixels."
    )
    rows = [("For", use)]
    for word, group in (("Against", kept), ("Not against", lost), ("Unknown", unknown)):
        if group:
            rows.append((word, f"{_listed(group)}."))
    left = max((one.recovered for one in kept), default=Level.UNKNOWN)
    over = "The class, which is let through by design"
    if left is Level.TRACES:
        over += ", and traces of the pictures"
    tried = f"Attackers were of the preset {config.get('preset') or 'of its own'}"
    sentences = [over, *_left_beside_pictures(record), f"{tried}: stronger ones may get more"]
    rows.append(("Left over", f"{'. '.join(sentences)}."))
    level = Level.MUCH if unknown and not lost else max(one.recovered for one in found)
    return Decision(max(level, Level.NOTHING), _headline(kept, lost, unknown), tuple(rows))


def _left_beside_pictures(record: Mapping[str, Any]) -> list[str]:
    """What attacks got that make no pictures, and what needs none; sentences without full stops."""
    worked = [row for row in record.get(ATTACKS, {}).values() if row["status"] == WORKED]
    guessed = {
        figure.measure.name.lower()
        for row in worked
        for key, figure in from_record(row.get("guessed"), ATTRIBUTES).items()
        # That of the class is named already.
        if key != "label" and figure.level > Level.NOTHING
    }
    said = []
    if guessed:
        names = ", ".join(sorted(guessed))
        said.append(f"Guessed better than by always saying the most frequent: {names}")
    if any("membership" in row for row in worked):
        said.append("Which pictures it was trained on, better than by guessing")
    protected = record.get("protected", {})
    # Records of earlier versions tell of noise by its epsilon.
    if protected.get("repeats", (protected.get("code") or {}).get("epsilon") is None):
        said.append(
            "The same picture always becomes the same protected one: pictures can be linked, and "
            "found in a list by whoever has the app"
        )
    return said


def _headline(kept: list[Verdict], lost: list[Verdict], unknown: list[Verdict]) -> str:
    if not lost and not unknown:
        return "Deploy, if what is left over may be known."
    if not lost:
        return "Undecided: attacks failed, which proves nothing."
    if lost[0].threat_model is ThreatModel.CIPHERTEXTS_ONLY:
        return f"Do not deploy: {lost[0].recovered.comes_back.lower()} to everybody."
    if not kept:
        return "Do not deploy: nobody was shown to be kept out."
    return f"Deploy only where nobody {_NOBODY[lost[0].threat_model]}."


def _listed(group: Sequence[Verdict]) -> str:
    text = "; ".join(_WHO[one.threat_model] for one in group)
    return text[0].upper() + text[1:]
