"""The report's page: what `report.html.j2` shows, from what a run folder says."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from tfppdnn import writing
from tfppdnn.leakage.crowd import CodeBound
from tfppdnn.leakage.figure import from_record
from tfppdnn.leakage.measures import MEASURES, Measure
from tfppdnn.reports import deviations
from tfppdnn.reports.command import command_line
from tfppdnn.reports.curves import caption_of_curves
from tfppdnn.reports.decision import decide
from tfppdnn.reports.measurements import Measurement, accuracy, leaked
from tfppdnn.reports.names import spoken
from tfppdnn.reports.reasons import IN_EVERY_RUN
from tfppdnn.reports.templates import template
from tfppdnn.reports.verdict import (
    Finding,
    does_it_work,
    restored_figures,
    what_is_restored,
    what_is_seen,
)
from tfppdnn.settings import make_settings, recorded

_FILES = {
    "protector": "SavedModel, for TensorFlow and TensorFlow Serving",
    "protector.tflite": "32-bit numbers, for phones and desktops",
    "protector_fp16.tflite": "16-bit numbers: half the size",
    "protector_int8.tflite": "8-bit numbers: the smallest",
    "protector_web.tflite": "for browsers, at 32, 64, 96 and 224 pixels",
}

_NETWORKS = {"resnet18": "ResNet-18", "dense": "A network of one hidden layer"}

_OF_REFERENCE = (
    "Reference classifier on plain images",
    "Reference classifier on protected images",
)
_OF_TRUNK = (
    "A small classifier of all that the trunk sees of plain images",
    "The same, trained and tested on protected images",
)


def render(
    config: Mapping[str, Any],
    metrics: Mapping[str, Any],
    figures: Mapping[str, bytes],
    seconds: Mapping[str, Mapping[str, float]],
) -> str:
    """Renders the page.

    Args:
        config: The run's `config.json`.
        metrics: Its `metrics.json`; every part may be missing.
        figures: PNG files by name without suffix: `header`, `grid`, `large`, and `losses`
            if there are curves.
        seconds: What each stage took, see `timing.seconds_of`; may be empty.

    Returns:
        HTML in which everything from outside is escaped and nothing points outside.
    """
    protector = metrics.get("protector", {})
    made = metrics.get("transformation_network", {})
    bits, epsilon = made.get("most_bits_a_protected_image_holds"), made.get("privacy_epsilon")
    settings, dataset = config.get("settings", {}), config.get("dataset", {})
    accuracies, works = accuracies_of(metrics, dataset), works_of(metrics, dataset)
    return template("report.html.j2").render(
        config=config,
        settings=settings,
        dataset=dataset,
        metrics=metrics,
        pictures={name: base64.b64encode(png).decode() for name, png in figures.items()},
        accuracies=list(accuracies.values()),
        name=spoken(dataset.get("name", "images")),
        decision=decide(dataset, works, what_is_seen(protector), what_is_restored(protector)),
        works=works,
        of_a_trunk=is_of_a_trunk(metrics),
        seen=what_is_seen(protector),
        restored=what_is_restored(protector),
        beside_class="class_leakage" in protector,
        curves_caption=caption_of_curves(metrics),
        leakage=leakage_of(metrics),
        bound=None if bits is None else CodeBound(bits, epsilon=epsilon),
        files=[(name, _FILES.get(name, ""), f) for name, f in metrics.get("export", {}).items()],
        gate=metrics.get("gate"),
        seconds=seconds,
        deviations=deviations.deviations(settings, train_images=dataset.get("train_images")),
        open_choices=deviations.open_choices(settings),
        in_every_run=IN_EVERY_RUN,
        command=command(config),
        raw=json.dumps(without_histories(metrics), indent=2, ensure_ascii=False),
    )


def command(config: Mapping[str, Any]) -> str:
    """The command line that makes a run again, from its `config.json`; DIR holds data sets."""
    preset = config.get("preset") or "quick"
    options = {"preset": preset, "dataset": config.get("dataset", {}).get("name", "digits")}
    options["seed"] = config.get("seed", 0)
    if config.get("data_dir"):
        options["data_dir"] = "DIR"
    if config.get("skip_bad"):
        options["skip_bad"] = True
    made = recorded(config.get("settings", {})).options()
    usual = make_settings(preset).options()
    if made.get("objective") != usual.get("objective"):
        options["objective"] = made["objective"]
        usual = make_settings(preset, {"objective": made["objective"]}).options()
    options |= {name: value for name, value in made.items() if usual.get(name, value) != value}
    return command_line("train", {**options, "out": "runs/again"})


def accuracies_of(metrics: Mapping[str, Any], dataset: Mapping[str, Any]) -> dict[str, Measurement]:
    """Every accuracy that was measured, by a name of its own."""
    reference = metrics.get("reference_classifier", {})
    preliminary = metrics.get("preliminary_images", {})
    protector, classify = metrics.get("protector", {}), metrics.get("classify", {})
    guessing = reference.get("guessing", 1 / max(dataset.get("classes", 2), 1))
    rows: dict[str, Measurement] = {}

    def add(key: str, name: str, figures: Mapping[str, Any], share: str, images: str, of: str):
        if figures.get(share) is not None and figures.get(images):
            count = figures[images]
            note = f"{writing.count(count)} {of}"
            if "epochs" in figures:
                note += f", {figures['epochs']} epochs"
            rows[key] = accuracy(name, note, figures[share], count, guessing=guessing)

    tested = ("test_accuracy", "test_images", "test images")
    of_plain, of_protected = _OF_TRUNK if is_of_a_trunk(metrics) else _OF_REFERENCE
    add("reference", of_plain, reference, *tested)
    add(
        "preliminary",
        "Reference classifier on preliminary images",
        preliminary,
        "accuracy",
        "images",
        "training images, made for it",
    )
    # The same figure twice would only raise the question what differs.
    if protector.get("reference_accuracy_on_plain") != reference.get("test_accuracy"):
        on_plain = ("reference_accuracy_on_plain", "test_images", "test images")
        add("plain", "Reference classifier, beside the protector", protector, *on_plain)
    on_protected = ("reference_accuracy_on_protected", "test_images", "test images")
    add("protected", of_protected, protector, *on_protected)
    for kind in ("protected", "plain"):
        figures = classify.get(kind, {})
        network = _NETWORKS[figures.get("network", "resnet18")]
        add(f"classify_{kind}", f"{network} trained and tested on {kind} images", figures, *tested)
    return rows


def is_of_a_trunk(metrics: Mapping[str, Any]) -> bool:
    """Whether a run's h_p is made of a trunk, and not trained by an objective of the scheme."""
    return "trunk" in metrics.get("transformation_network", {})


def works_of(metrics: Mapping[str, Any], dataset: Mapping[str, Any]) -> Finding | None:
    """Compares like with like: one network trained as long on either if both were, else h_theta."""
    accuracies = accuracies_of(metrics, dataset)
    classified = metrics.get("classify", {})
    alike = all(
        classified.get("protected", {}).get(part) == classified.get("plain", {}).get(part)
        for part in ("network", "epochs")
    )
    if alike and {"classify_protected", "classify_plain"} <= accuracies.keys():
        return does_it_work(
            accuracies["classify_protected"].figure,
            accuracies["classify_plain"].figure,
            "A classifier trained on protected images",
        )
    plain = accuracies.get("plain", accuracies.get("reference"))
    if "protected" in accuracies and plain:
        return does_it_work(
            accuracies["protected"].figure,
            plain.figure,
            "A small classifier that was trained on protected images"
            if is_of_a_trunk(metrics)
            else "The reference classifier, which has only ever learnt from plain images, on "
            "protected ones",
        )
    return None


def leakage_of(metrics: Mapping[str, Any]) -> list[tuple[Measure, list[Measurement]]]:
    """Each measure with its rows: protected, restored and preliminary images."""
    protector = metrics.get("protector", {})
    kinds = {
        "Protected": protector.get("leakage"),
        "Protected photographs, 96x96": protector.get("photographs_leakage"),
        "Restored": None,
        "Mean picture of the class": protector.get("class_leakage"),
        "Preliminary": metrics.get("preliminary_images", {}).get("leakage"),
    }
    found = {kind: from_record(record) for kind, record in kinds.items()}
    found["Restored"] = restored_figures(protector)
    table = []
    for key, measure in MEASURES.items():
        rows = [leaked(figures[key], kind) for kind, figures in found.items() if key in figures]
        if rows:
            table.append((measure, rows))
    return table


def without_histories(metrics: Any) -> Any:
    """Leaves out of `metrics.json` what only curves are drawn from."""
    if isinstance(metrics, Mapping):
        return {k: without_histories(v) for k, v in metrics.items() if k != "history"}
    return metrics
