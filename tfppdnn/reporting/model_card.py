"""A shipped protector's model card: `CARD.md`, written from `card.json`.

The form is that of Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from tfppdnn.audit.auditor import ATTACKS
from tfppdnn.audit.verdict import verdicts
from tfppdnn.reporting.audit_page import (
    AttackerRows,
    attacks_by_attacker,
    audit_command,
    measurements_of,
)
from tfppdnn.reporting.measurements import METRICS, Measurement
from tfppdnn.reporting.page import accuracies_of, command, leakage_of, without_histories
from tfppdnn.reporting.templates import template
from tfppdnn.runs import RunFolder


class _Classifiers(NamedTuple):
    config: Mapping[str, Any]
    rows: list[Measurement]


class _Audit(NamedTuple):
    config: Mapping[str, Any]
    images: int
    seconds: int
    protected: list[Measurement]
    attackers: list[AttackerRows]
    verdicts: dict[str, str]
    command: str


def collect_card(
    name: str,
    run: RunFolder,
    *,
    audits: Sequence[RunFolder] = (),
    classifiers: Sequence[RunFolder] = (),
    hours: float | None = None,
    comparison: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Collects what is known of a protector, for `card.json`.

    Args:
        name: What it ships as.
        run: Its finished run folder.
        audits: Folders of its audits.
        classifiers: Folders of `classify`, beside what the run folder itself holds.
        hours: That its training took.
        comparison: What `tfppdnn.loading.comparison` says of a second run of its command.

    Returns:
        All settings, versions and figures as they were recorded, without the folders of the
        machine that they were recorded on.
    """
    config, metrics = run.config(), run.metrics()
    card = {
        "name": name,
        "hours": hours,
        "network": _network(config, metrics),
        "run": {"config": config, "metrics": without_histories(metrics)},
        "classifiers": [
            {"config": folder.config(), "classify": without_histories(folder.metrics()["classify"])}
            for folder in classifiers
        ],
        "audits": [
            {"config": folder.config(), "record": _shipped_as(name, folder.metrics())}
            for folder in audits
        ],
        "comparison": comparison,
    }
    return _without_places(card)


def render_card(card: Mapping[str, Any]) -> str:
    """Writes the card for people.

    Args:
        card: What `collect_card` returned, with the shipped `files`, each file's `bytes` and
            `sha256` by its name.

    Returns:
        Markdown.
    """
    config, metrics = card["run"]["config"], card["run"]["metrics"]
    trained = [{"config": config, "classify": metrics.get("classify", {})}, *card["classifiers"]]
    reference = {key: value for key, value in metrics.items() if key != "classify"}
    return template("model_card.md.j2").render(
        card=card,
        config=config,
        settings=config["settings"],
        dataset=config["dataset"],
        command=_with_place(command(config), config),
        reference=list(accuracies_of(reference, config["dataset"]).values()),
        classifiers=[
            _Classifiers(one["config"], rows)
            for one in trained
            if (rows := _classified(one["classify"], one["config"]["dataset"]))
        ],
        leakage=leakage_of(metrics),
        audits=[_audit(one["config"], one["record"]) for one in card["audits"]],
        metrics=METRICS,
    )


def _network(config: Mapping[str, Any], metrics: Mapping[str, Any]) -> dict[str, Any]:
    settings = config["settings"]
    found = {
        "kind": settings.get("protector_network", "unet"),
        "objective": settings.get("objective", "cyclegan"),
        "parameters": metrics.get("transformation_network", {}).get("protector_parameters"),
        "bits": None,
    }
    if found["kind"] == "bottleneck":
        # Keras is imported for this kind only.
        from tfppdnn.models.bottleneck import code_bits

        found["bits"] = code_bits(settings["code_size"], settings["code_levels"])
    return found


def _shipped_as(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    return {**record, "protected": {**record["protected"], "name": name, "given": name}}


def _without_places(value: Any) -> Any:
    """Keeps of every path its last part."""
    if isinstance(value, Mapping):
        places = {"data_dir": "DIR"} if value.get("data_dir") else {}
        return {key: _without_places(one) for key, one in value.items()} | places
    if isinstance(value, list):
        return [_without_places(one) for one in value]
    if isinstance(value, str) and PurePath(value).is_absolute():
        return PurePath(value).name
    return value


def _classified(figures: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[Measurement]:
    return list(accuracies_of({"classify": figures}, dataset).values())


def _audit(config: Mapping[str, Any], record: Mapping[str, Any]) -> _Audit:
    rows = record[ATTACKS]
    return _Audit(
        config=config,
        images=record["protected"]["images"],
        seconds=sum(row.get("seconds", 0) for row in rows.values()),
        protected=measurements_of(record["protected"]["leakage"]),
        attackers=attacks_by_attacker(rows),
        verdicts={one.threat_model.name.lower(): one.sentence for one in verdicts(rows)},
        command=audit_command(config, record),
    )


def _with_place(written: str, config: Mapping[str, Any]) -> str:
    return f"{written} --data_dir=DIR" if config.get("data_dir") else written
