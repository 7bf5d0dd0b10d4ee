"""`python -m tfppdnn table1`: Table I and Figs. 1 and 7 of the paper."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns
from tqdm import tqdm

from tfppdnn.classification.training import SETTINGS
from tfppdnn.cli.audit import audit, images_to_attack
from tfppdnn.cli.classify import classify
from tfppdnn.cli.options import (
    checked_seed,
    options_called,
    say_on_digits,
    words,
)
from tfppdnn.datasets.load import as_recorded
from tfppdnn.errors import UserError
from tfppdnn.loading import find_source
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_preset
from tfppdnn.settings.audit import AuditSettings, audit_settings_help, make_audit_settings

__all__ = ["settings_help", "table1"]

# The schemes beside the user's own, and those of them that UWA is made for: it treats each
# pixel by itself. The paper leaves its other cells open as well.
_RIVALS = ("pixel_same", "pixel_different", "tanaka")
_ATTACKS = {"pixel_same": ("uwa", "gan"), "pixel_different": ("uwa", "gan")}
_ATTACKS_OF_OTHERS = ("gan",)


def settings_help() -> str:
    """Explains the settings of both halves."""
    return f"{audit_settings_help()}\n    and of classify: {', '.join(SETTINGS)}"


@SetParseFns(protector=str, datasets=str, data_dir=str, preset=str, out=str, attackers_dataset=str)
def table1(
    *,
    protector: str | None = None,
    datasets: str | Sequence[str] | None = None,
    attackers_dataset: str | None = None,
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    seed: int = 0,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Makes the paper's Table I and Figs. 1 and 7: the protector beside its rivals.

    Every row is a scheme: the protector, pixel-based encryption under one key and under a key
    an image, Tanaka's with its adaptation network, and plain images. As in the paper, each
    but the last is attacked by the GAN attack, the pixel-based ones also by the unshared-weight
    attack, as by `audit`; and a ResNet-18 is trained on each data set protected by it, as by
    `classify`, all for the same number of steps. The figures are written beside the paper's,
    as Markdown, CSV and PNG.

    Every part is a folder of its own, so the same command goes on with a table that was
    stopped.

    Examples:
        With the default run, on digits:

            python -m tfppdnn table1 --protector=runs/digits-quick

        At the scale of two CPU cores:

            python -m tfppdnn table1 --protector=runs/cifar10-cpu --preset=cpu \
                --datasets=cifar10,tiny_imagenet100 --data_dir=DIR

    Args:
        protector: A run folder made by `train`, a shipped protector (cifar10), or any other;
            see `audit`.
        datasets: One or two data sets for the classifiers, separated by commas, as for
            `train`; the run's own, or digits, if not given.
        attackers_dataset: What the attackers learn from and are measured on; the last of
            the data sets if not given.
        data_dir: A tensorflow-datasets directory.
        preset: quick, cpu or paper.
        out: The table's folder; runs/table1-PROTECTOR-PRESET if not given.
        seed: Seed of all trainings.
        settings: Any setting of `audit`, see below, or of `classify`.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, a data set is not to be had or too small, or the folder
            holds another table.
    """
    if protector is None:
        raise UserError("--protector is missing; pass --protector=RUN, a folder made by train")
    of_audit = {field.name for field in dataclasses.fields(AuditSettings)}
    audited = {name: value for name, value in settings.items() if name in of_audit}
    classified = {name: value for name, value in settings.items() if name not in of_audit}
    for name in classified:
        if name not in SETTINGS:
            raise UserError(f"--{name}: there is no such option; see --help")
    audit_preset = make_audit_settings(preset, audited)
    train_preset = make_preset(preset, classified)
    seed = checked_seed(seed)
    source = find_source(protector)
    config = RunFolder(protector).config() if source.is_run else {}
    own = config.get("dataset", {}).get("name", "digits")
    if seed != config.get("seed", seed) and Path(own).is_dir():
        raise UserError(
            f"--seed={seed}: {protector} held out the test images of {own} by its own seed; give "
            f"--seed={config['seed']}, so that all rows are measured on the same"
        )
    size = config.get("settings", {}).get("image_size", train_preset.image_size)
    if size != train_preset.image_size:
        raise UserError(
            f"--protector={protector}: trained at {size} pixels, and its rivals' classifiers have "
            f"{train_preset.image_size}; give a protector that was trained at this size"
        )
    typed = [own] if datasets is None else words(datasets)
    if not typed:
        raise UserError(f"--datasets: names no data set; leave it out for {own}")
    if len(typed) > 2:
        raise UserError(f"--datasets={','.join(typed)}: the table has room for two; give fewer")
    data_dir = data_dir or config.get("data_dir")
    run = RunFolder(out or Path("runs") / f"table1-{source.title}-{preset}", record="table1.json")
    names = [as_recorded(name) for name in typed]
    called = [Path(name).name for name in names]
    if len(set(called)) < len(called):
        raise UserError(
            f"--datasets={','.join(typed)}: both are called {called[0]} in the table; give two "
            "data sets, or rename the folder of one"
        )
    attackers = as_recorded(attackers_dataset or names[-1])

    import_tensorflow()

    from tfppdnn.datasets.load import load_dataset
    from tfppdnn.experiments.table1_page import write_table1

    with options_called(dataset="datasets"):
        images = [
            load_dataset(
                name, data_dir=data_dir, image_size=train_preset.image_size, seed=seed
            ).summary()
            for name in names
        ]
    # The attacks come last, after hours of classifiers: too late to find out.
    images_to_attack(
        attackers,
        audit_preset,
        data_dir=data_dir,
        seed=seed,
        option="attackers_dataset" if attackers_dataset else "datasets",
    )
    run.claim(
        verb="table1",
        protector=source.identity(),
        preset=preset,
        settings={
            **dataclasses.asdict(audit_preset),
            **{name: getattr(train_preset, name) for name in SETTINGS},
            "attackers_dataset": attackers,
        },
        dataset={"name": ",".join(names), "each": images},
        seed=seed,
        data_dir=data_dir,
    )
    if datasets is None and not source.is_run:
        say_on_digits("table1", option="datasets")
    common = {"data_dir": data_dir, "preset": preset, "seed": seed}
    for name, summary in zip(names, images, strict=True):
        # As many steps as on the first data set, so that a smaller one is not learnt less.
        share = images[0]["train_images"] / summary["train_images"]
        epochs = max(1, round(train_preset.classifier_epochs * share))
        for row in ("plain", "proposed", *_RIVALS):
            tqdm.write(f"table1: classifier of {name}, {row}", file=sys.stderr)
            classify(
                protector=row if row in _RIVALS else protector,
                plain=row == "plain",
                dataset=name,
                out=str(run.path / "classify" / Path(name).name / row),
                **common,
                **{**classified, "classifier_epochs": epochs},
            )
    plain = run.path / "classify" / Path(attackers).name / "plain" / "classifier_plain"
    for row in ("proposed", *_RIVALS):
        tqdm.write(f"table1: attacks, {row}", file=sys.stderr)
        audit(
            protector=row if row in _RIVALS else protector,
            dataset=attackers,
            attacks=_ATTACKS.get(row, _ATTACKS_OF_OTHERS),
            recogniser=str(plain) if attackers in names else None,
            out=str(run.path / "audit" / row),
            **common,
            **audited,
        )
    table = _table(run, called)
    run.record("table", table)
    write_table1(run, find_source(protector).load())
    return {"run": str(run.path), **table}, 0


def _table(run: RunFolder, datasets: Sequence[str]) -> dict[str, Any]:
    """Collects every cell from the folders that its training or attack left."""
    rows: dict[str, Any] = {}
    for row in ("proposed", *_RIVALS, "plain"):
        cells: dict[str, Any] = {"accuracy": {}, "attacks": {}}
        for name in datasets:
            folder = RunFolder(run.path / "classify" / name / row)
            figures = folder.metrics()["classify"]["plain" if row == "plain" else "protected"]
            cells["accuracy"][name] = {
                key: figures[key] for key in ("test_accuracy", "test_images", "epochs")
            }
        if row != "plain":
            attacked = RunFolder(run.path / "audit" / row, record="audit.json").metrics()
            for attack in _ATTACKS.get(row, _ATTACKS_OF_OTHERS):
                found = attacked["attacks"][attack]
                cells["attacks"][attack] = {
                    "status": found["status"],
                    "attempts": len(found.get("attempts", [])),
                    "leakage": found.get("leakage"),
                }
        rows[row] = cells
    return {"rows": rows, "datasets": list(datasets)}
