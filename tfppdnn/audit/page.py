"""An audit's page: what `audit.html.j2` shows, from what an audit's folder says."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.decision import decide_on
from tfppdnn.audit.folder import ATTACKS
from tfppdnn.audit.verdict import Verdict, verdicts
from tfppdnn.leakage.attributes import ATTRIBUTES
from tfppdnn.leakage.crowd import CodeBound
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.measures import MEASURES
from tfppdnn.leakage.members import MEMBERSHIP
from tfppdnn.reports.command import command_line
from tfppdnn.reports.measurements import Measurement, measurements_of
from tfppdnn.reports.names import is_a_place, spoken
from tfppdnn.reports.templates import template
from tfppdnn.reports.verdict import Finding
from tfppdnn.settings.audit import make_audit_settings

_WHO = {
    ThreatModel.CIPHERTEXTS_ONLY: (
        "Somebody who sees protected pictures only",
        "An eavesdropper, a curious cloud, or whoever finds a leaked bucket: protected pictures, "
        "plain pictures of the same kind from elsewhere, and knowledge of how the scheme works.",
    ),
    ThreatModel.CHOSEN_PLAINTEXTS: (
        "Somebody who can have pictures of his own protected",
        "A user of the same app or service, who sees what becomes of pictures that he chooses.",
    ),
    ThreatModel.PROTECTOR: (
        "Somebody who owns the protector",
        "Everybody who unpacks the client app: he protects as many pictures as he likes, and can "
        "train a network to undo it. If the scheme has a key, it came with the protector.",
    ),
}


class AttackerRows(NamedTuple):
    """What one kind of attacker tried."""

    key: str
    title: str
    meaning: str
    attacks: list[AttackRows]


class AttackRows(NamedTuple):
    """What became of one attack."""

    name: str
    status: str
    finding: str
    tries: int
    rows: list[Measurement]


class _Answer(NamedTuple):
    question: str
    answer: Finding


def render_audit(
    config: Mapping[str, Any], record: Mapping[str, Any], figures: Mapping[str, bytes]
) -> str:
    """Renders the page.

    Args:
        config: The audit's `config.json`.
        record: Its `audit.json`.
        figures: PNG files by name: `protected`, and each threat model's.

    Returns:
        HTML in which everything from outside is escaped and nothing points outside.
    """
    protected, dataset = record.get("protected", {}), config.get("dataset", {})
    name, found = protected.get("name", "the protector"), verdicts(record)
    of = spoken(dataset.get("name", "its data set"))
    return template("audit.html.j2").render(
        config=config,
        dataset=dataset,
        name=name,
        thing=f"a protector for {of}" if is_a_place(protected.get("given") or name) else name,
        pictures_of=of,
        decision=decide_on(found, config, record),
        images=protected.get("images"),
        pictures={name: base64.b64encode(png).decode() for name, png in figures.items()},
        findings=[_Answer(_WHO[verdict.threat_model][0], _finding(verdict)) for verdict in found],
        bound=bound_of(record),
        protected=list(measurements_of(protected.get("leakage")).values()),
        groups=attacks_by_attacker(record.get(ATTACKS, {})),
        command=audit_command(config, record),
        meanings={one.name: one.meaning for one in (MEASURES | ATTRIBUTES | MEMBERSHIP).values()},
        raw=json.dumps(record, indent=2, ensure_ascii=False),
    )


def audit_command(config: Mapping[str, Any], record: Mapping[str, Any]) -> str:
    """The command line that makes an audit again, from its `config.json` and `audit.json`."""
    preset, settings = config.get("preset") or "quick", config.get("settings", {})
    protected = record.get("protected", {})
    options = {
        "protector": protected.get("given") or protected.get("name", "NAME"),
        "preset": preset,
        "dataset": config.get("dataset", {}).get("name", "digits"),
        "seed": config.get("seed", 0),
    }
    if config.get("data_dir"):
        options["data_dir"] = "DIR"
    if config.get("skip_bad"):
        options["skip_bad"] = True
    if protected.get("recogniser"):
        options["recogniser"] = protected["recogniser"]
    if protected.get("trust"):
        options["trust"] = True
    if record.get(ATTACKS):
        options["attacks"] = ",".join(_asked(*row) for row in record[ATTACKS].items())
    for name, value in make_audit_settings(preset).options().items():
        if settings.get(name, value) != value:
            options[name] = settings[name]
    return command_line("audit", {**options, "out": "runs/audit-again"})


def _asked(name: str, row: Mapping[str, Any]) -> str:
    """What asks for an attack; one that a program held has to be put into a file first."""
    return row.get("given", name if row.get("source") is None else f"FILE.py:{name}")


def bound_of(record: Mapping[str, Any]) -> CodeBound | None:
    """Reads from an `audit.json` what bounds attackers that were not tried, too."""
    code = record.get("protected", {}).get("code")
    return code and CodeBound(code["bits"], code["crowd"], code.get("epsilon"))


def _finding(verdict: Verdict) -> Finding:
    # Not knowing is no good news: it has the colour of a part that shows.
    level = Level.MUCH if verdict.recovered is Level.UNKNOWN else verdict.recovered
    return Finding(level, f"{verdict.recovered.comes_back}.", verdict.evidence)


def attacks_by_attacker(rows: Mapping[str, Mapping[str, Any]]) -> list[AttackerRows]:
    """Sorts the `attacks` of an `audit.json` by who can make them, from weak to strong."""
    groups = []
    for threat_model, (title, meaning) in _WHO.items():
        attacks = [
            AttackRows(
                name=name,
                status=row["status"],
                finding=row["finding"],
                tries=len(row.get("attempts", [])),
                rows=[
                    *measurements_of(row.get("leakage")).values(),
                    *measurements_of(row.get("guessed"), ATTRIBUTES).values(),
                    *measurements_of(row.get("membership"), MEMBERSHIP).values(),
                ],
            )
            for name, row in rows.items()
            if row["threat_model"] == threat_model.value
        ]
        if attacks:
            groups.append(AttackerRows(threat_model.name.lower(), title, meaning, attacks))
    return groups
