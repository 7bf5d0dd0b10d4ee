"""Table I and Figs. 1 and 7 of the paper: a protector beside its rivals."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from tfppdnn.audit.folder import audit_folder
from tfppdnn.datasets.load import as_recorded
from tfppdnn.errors import UserError, options_called
from tfppdnn.experiments.parts import Parts
from tfppdnn.ownership import owned
from tfppdnn.protector.protector import Protector
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import OF_STAGE, TrainingSettings, make_settings
from tfppdnn.settings.audit import make_audit_settings
from tfppdnn.settings.group import unknown_option

OF_CLASSIFIERS = tuple(make_settings().options(*OF_STAGE["classifier"]))
"""The options of the classifiers' half."""

# The schemes beside the user's own, and those of them that UWA is made for: it treats each
# pixel by itself. The paper leaves its other cells open as well.
_RIVALS = ("pixel_same", "pixel_different", "tanaka")
_ATTACKS = {"pixel_same": ("uwa", "gan"), "pixel_different": ("uwa", "gan")}
_ATTACKS_OF_OTHERS = ("gan",)


def table1(
    protector: str,
    datasets: Sequence[str] | None = None,
    *,
    out: str | os.PathLike[str],
    attackers_dataset: str | None = None,
    preset: str = "quick",
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    trust: bool = False,
) -> RunFolder:
    """Trains a classifier for each scheme and data set, and attacks each scheme.

    Every part is a folder of its own, so the same call goes on with a table that was stopped.

    Args:
        protector: Name of the proposed scheme's protector.
        datasets: One or two data sets for the classifiers; None for the run's own, or digits.
        out: The table's folder.
        attackers_dataset: What attackers learn from; the last of the data sets if None.
        preset: Of classifiers and attackers.
        options: What differs from the preset's settings, by option of `classify` and `audit`.
        seed: Seed of all trainings.
        data_dir: A tensorflow-datasets directory.
        trust: Whether the protector may be a SavedModel, which is a program.

    Returns:
        The folder, with `table1.json`, `table1.md`, `table1.csv` and pictures.

    Raises:
        UserError: An option is wrong, a data set is not to be had or too small, or the folder
            holds another table.
    """
    options = dict(options or {})
    settings, audit_settings = make_settings(preset), make_audit_settings(preset)
    known = {**audit_settings.options(), **settings.options(*OF_STAGE["classifier"])}
    for name in options:
        if name not in known:
            raise unknown_option(name, known)
    settings, audit_settings = settings.replaced(options), audit_settings.replaced(options)
    found = Protector.named(protector, trust=trust)
    config = RunFolder(found.run).config() if found.run else {}
    own = config.get("dataset", {}).get("name", "digits")
    typed = [own] if datasets is None else list(datasets)
    _check(protector, config, settings, typed, seed)
    data_dir = data_dir or config.get("data_dir")
    skip_bad = config.get("skip_bad", False)
    names = [as_recorded(name) for name in typed]
    attackers = as_recorded(attackers_dataset or names[-1])
    run = RunFolder(out, record="table1.json")

    import_tensorflow()
    _ = found.scheme  # What cannot be loaded is refused before hours of classifiers.

    from tfppdnn.audit.material import check_enough
    from tfppdnn.datasets.load import load_dataset
    from tfppdnn.experiments.table1_page import write_table1

    with options_called(dataset="datasets"):
        summaries = [
            load_dataset(
                name,
                data_dir=data_dir,
                image_size=settings.data.image_size,
                seed=seed,
                skip_bad=skip_bad,
            ).summary()
            for name in names
        ]
    # The attacks come last, after hours of classifiers: too late to find out.
    with options_called(
        dataset="attackers_dataset" if attackers_dataset else "datasets",
        image_size="attacker_image_size",
    ):
        check_enough(
            load_dataset(
                attackers,
                data_dir=data_dir,
                image_size=audit_settings.attacker_image_size,
                seed=seed,
                skip_bad=skip_bad,
            ),
            attacker_images=audit_settings.attacker_images,
            held_out_images=audit_settings.held_out_images,
        )
    with owned(run.path):
        run.claim(
            verb="table1",
            protector=found.identity,
            preset=preset,
            settings={
                **audit_settings.options(),
                **settings.options(*OF_STAGE["classifier"]),
                "attackers_dataset": attackers,
            },
            dataset={"name": ",".join(names), "each": summaries},
            seed=seed,
            data_dir=data_dir,
            skip_bad=skip_bad,
        )
        parts = Parts(preset=preset, seed=seed, data_dir=data_dir, trust=trust, skip_bad=skip_bad)
        for name, summary in zip(names, summaries, strict=True):
            # As many steps as on the first data set, so that a smaller one is not learnt less.
            share = summaries[0]["train_images"] / summary["train_images"]
            epochs = max(1, round(settings.classifier.epochs * share))
            for row in ("plain", "proposed", *_RIVALS):
                tqdm.write(f"table1: classifier of {name}, {row}", file=sys.stderr)
                parts.classified(
                    row if row in _RIVALS else protector,
                    name,
                    settings.replaced({"classifier_epochs": epochs}),
                    run.path / "classify" / Path(name).name / row,
                    plain=row == "plain",
                    options=options,
                ).make()
        plain = run.path / "classify" / Path(attackers).name / "plain" / "classifier_plain"
        for row in ("proposed", *_RIVALS):
            tqdm.write(f"table1: attacks, {row}", file=sys.stderr)
            parts.audited(
                row if row in _RIVALS else protector,
                attackers,
                audit_settings,
                run.path / "audit" / row,
                attacks=_ATTACKS.get(row, _ATTACKS_OF_OTHERS),
                recogniser=str(plain) if attackers in names else None,
                options=options,
            ).make()
        run.record("table", _table(run, [Path(name).name for name in names]))
        write_table1(run, found)
    return run


def _check(
    protector: str,
    config: Mapping[str, Any],
    settings: TrainingSettings,
    datasets: Sequence[str],
    seed: int,
) -> None:
    """Refuses what could not be compared, before anything is loaded."""
    own = config.get("dataset", {}).get("name", "digits")
    if seed != config.get("seed", seed) and Path(own).is_dir():
        raise UserError(
            f"--seed={seed}: {protector} held out the test images of {own} by its own seed; give "
            f"--seed={config['seed']}, so that all rows are measured on the same"
        )
    size = config.get("settings", {}).get("image_size", settings.data.image_size)
    if size != settings.data.image_size:
        raise UserError(
            f"--protector={protector}: trained at {size} pixels, and its rivals' classifiers have "
            f"{settings.data.image_size}; give a protector that was trained at this size"
        )
    if not datasets:
        raise UserError(f"--datasets: names no data set; leave it out for {own}")
    if len(datasets) > 2:
        raise UserError(f"--datasets={','.join(datasets)}: the table has room for two; give fewer")
    called = [Path(as_recorded(name)).name for name in datasets]
    if len(set(called)) < len(called):
        raise UserError(
            f"--datasets={','.join(datasets)}: both are called {called[0]} in the table; give two "
            "data sets, or rename the folder of one"
        )


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
            attacked = audit_folder(run.path / "audit" / row).metrics()
            for attack in _ATTACKS.get(row, _ATTACKS_OF_OTHERS):
                found = attacked["attacks"][attack]
                cells["attacks"][attack] = {
                    "status": found["status"],
                    "attempts": len(found.get("attempts", [])),
                    "leakage": found.get("leakage"),
                }
        rows[row] = cells
    return {"rows": rows, "datasets": list(datasets)}
