"""A shipped protector's model card: `CARD.md`, written from `card.json`.

The form is that of Mitchell et al., Model Cards for Model Reporting, FAT* 2019.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, NamedTuple

from tfppdnn.audit.folder import ATTACKS
from tfppdnn.audit.page import (
    AttackerRows,
    attacks_by_attacker,
    audit_command,
)
from tfppdnn.audit.verdict import verdicts
from tfppdnn.files import read_json, write_text
from tfppdnn.leakage.crowd import CodeBound
from tfppdnn.leakage.measures import MEASURES
from tfppdnn.reports import markdown
from tfppdnn.reports.measurements import Measurement, measurements_of
from tfppdnn.reports.page import (
    accuracies_of,
    command,
    is_of_a_trunk,
    leakage_of,
    without_histories,
)
from tfppdnn.reports.templates import template
from tfppdnn.run_folder import RunFolder

# What may hold a path in a record; the name is that of a data set, which may be a folder.
_PLACES = {"data_dir", "given", "name", "perceptual_weights", "recogniser", "run"}


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
    int8: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Collects what is known of a protector, for `card.json`.

    Args:
        name: What it ships as.
        run: Its finished run folder.
        audits: Folders of its audits.
        classifiers: Folders of `classify`, beside what the run folder itself holds.
        hours: That its training took.
        comparison: What `tfppdnn.experiments.comparison` says of a second run of its command.
        int8: What its 8-bit file keeps, if that ships.

    Returns:
        All settings, versions and figures as they were recorded, without the folders of the
        machine that they were recorded on.
    """
    config, metrics = run.config(), run.metrics()
    card = {
        "name": name,
        "hours": hours,
        "network": _network(run.protector),
        "objective": None
        if is_of_a_trunk(metrics)
        else config["settings"].get("objective", "cyclegan"),
        "run": {"config": config, "metrics": without_histories(metrics)},
        "classifiers": [classifier_for_card(folder) for folder in classifiers],
        "audits": [audit_for_card(name, folder) for folder in audits],
        "comparison": comparison,
    } | ({} if int8 is None else {"int8": int8})
    return _without_places(card)


def classifier_for_card(classifier: RunFolder) -> dict[str, Any]:
    """Collects what a card keeps of a classifier.

    Args:
        classifier: The folder of `classify`.
    """
    figures = without_histories(classifier.metrics()["classify"])
    return _without_places({"config": classifier.config(), "classify": figures})


def audit_for_card(name: str, audit: RunFolder) -> dict[str, Any]:
    """Collects what a card keeps of an audit.

    Args:
        name: What its protector ships as.
        audit: Its folder.
    """
    record = audit.metrics()
    protected = {**record["protected"], "name": name, "given": name}
    kept = {"config": audit.config(), "record": {**record, "protected": protected}}
    return _without_places(kept)


def render_card(card: Mapping[str, Any]) -> str:
    """Writes the card for people.

    Args:
        card: What `collect_card` returned, with the shipped `files`, each file's `bytes` and
            `sha256` by its name.

    Returns:
        Markdown.
    """
    config, metrics = card["run"]["config"], card["run"]["metrics"]
    bits, epsilon = card["network"]["bits"], card["network"].get("epsilon")
    trained = [{"config": config, "classify": metrics.get("classify", {})}, *card["classifiers"]]
    reference = {key: value for key, value in metrics.items() if key != "classify"}
    return template("model_card.md.j2").render(
        card=card,
        config=config,
        settings=config["settings"],
        trunk=metrics.get("transformation_network", {}),
        dataset=config["dataset"],
        command=command(config),
        reference=list(accuracies_of(reference, config["dataset"]).values()),
        classifiers=[
            _Classifiers(one["config"], rows)
            for one in trained
            if (rows := _classified(one["classify"], one["config"]["dataset"]))
        ],
        leakage=leakage_of(metrics),
        bound=None if bits is None else CodeBound(bits, epsilon=epsilon),
        audits=[_audit(one["config"], one["record"]) for one in card["audits"]],
        measures=MEASURES.values(),
        table=markdown.table,
    )


def write_card(folder: Path) -> None:
    """Writes `CARD.md` from the `card.json` beside it; also when this page's words have changed.

    Args:
        folder: Of a shipped protector.

    Raises:
        UserError: There is no `card.json`, or it cannot be read.
    """
    write_text(folder / "CARD.md", render_card(read_json(folder / "card.json")))


def _network(file: Path) -> dict[str, Any]:
    """What the network itself is that ships, whatever its settings say."""
    import keras

    from tfppdnn.models import code_of, privacy_epsilon

    network = keras.saving.load_model(file, compile=False)
    code = code_of(network)
    return {
        "kind": _kind(network, code),
        "parameters": network.count_params(),
        "code": code and code.facts,
        "bits": code and code.bits,
        "epsilon": privacy_epsilon(network),
    }


def _kind(network: Any, code: Any) -> str:
    from tfppdnn.models import DrawTiles

    if code is None:
        return "U-Net"
    drawn_as_tiles = any(isinstance(layer, DrawTiles) for layer in network.layers)
    return "trunk and code" if drawn_as_tiles else "bottleneck"


def _without_places(value: Any, key: str | None = None) -> Any:
    """Keeps of every path its last part, as far as it stands under a name that holds paths."""
    if isinstance(value, Mapping):
        return {key: _without_places(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_places(one, key) for one in value]
    if isinstance(value, str) and (key in _PLACES or PurePath(value).is_absolute()):
        return "DIR" if key == "data_dir" else PurePath(value).name
    return value


def _classified(figures: Mapping[str, Any], dataset: Mapping[str, Any]) -> list[Measurement]:
    return list(accuracies_of({"classify": figures}, dataset).values())


def _audit(config: Mapping[str, Any], record: Mapping[str, Any]) -> _Audit:
    rows = record[ATTACKS]
    return _Audit(
        config=config,
        images=record["protected"]["images"],
        seconds=sum(row.get("seconds", 0) for row in rows.values()),
        protected=list(measurements_of(record["protected"]["leakage"]).values()),
        attackers=attacks_by_attacker(rows),
        verdicts={one.threat_model.name.lower(): one.sentence for one in verdicts(record)},
        command=audit_command(config, record),
    )
