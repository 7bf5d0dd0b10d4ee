"""`python -m tfppdnn classify`: the cloud's part of the paper's Fig. 5(a)."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.baselines import Plain
from tfppdnn.classification.training import SETTINGS, train_classifier
from tfppdnn.cli.options import as_recorded, checked_seed, say_on_digits
from tfppdnn.cli.quiet import import_tensorflow
from tfppdnn.errors import UserError
from tfppdnn.loading import CheckedProtector, find_source
from tfppdnn.loading.source import Source
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import Preset, make_preset


@SetParseFns(protector=str, dataset=str, data_dir=str, out=str, preset=str)
def classify(
    *,
    protector: str | None = None,
    plain: bool = False,
    dataset: str | None = None,
    data_dir: str | None = None,
    preset: str | None = None,
    out: str | None = None,
    seed: int | None = None,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Trains ResNet-18 on protected images only, and saves it for serving.

    Training images are cropped and flipped at random, then protected, then rounded to 8
    bits, as a client would upload them; test images are protected. With --plain the same
    is trained on plain images, to see what protection costs.

    Examples:
        What the cloud would do with the default run, and the comparison:

            python -m tfppdnn classify --protector=runs/digits-quick
            python -m tfppdnn classify --protector=runs/digits-quick --plain

        Another scheme, here Tanaka's with its adaptation network, and no scheme:

            python -m tfppdnn classify --protector=tanaka
            python -m tfppdnn classify --plain

        Another data set, protected by a network that never saw it:

            python -m tfppdnn classify --protector=runs/cifar10-cpu \
                --dataset=tiny_imagenet100 --data_dir=DIR --out=runs/other

    Args:
        protector: A shipped protector (cifar10); a run folder made by `train`, a
            protector.tflite, a .keras file or a SavedModel folder; a cipher (tanaka,
            pixel_same, pixel_different, ele or etc); a baseline (plain, blur or pixelate); or
            a Python function from uint8 [N, H, W, 3] to the same. See `audit --help` for how
            keys, strengths and functions are named. With --plain it may be left out.
        plain: Whether to train on plain images instead.
        dataset: As for `train`; the run's own, or digits, if not given.
        data_dir: A tensorflow-datasets directory.
        preset: quick, cpu, hardened (the same classifier as cpu's) or paper; the run's own,
            or quick, if not given.
        out: Where to save; the protector's run folder, or
            runs/classify-PROTECTOR-DATASET-PRESET, if not given.
        seed: Seed of weights, order and augmentation; the run's own, or 0, if not given.
        settings: Any of classifier_width, classifier_epochs, classifier_batch_size,
            classifier_learning_rate, steps_per_round, test_images, augment_flip,
            mixed_precision.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, or the training was begun with other settings.
    """
    if not isinstance(plain, bool):
        raise UserError(f"--plain takes no value, not {plain!r}")
    if protector is None and not plain:
        raise UserError(
            "--protector is missing; pass --protector=RUN, a folder made by train, or the name of "
            "another scheme: see --help"
        )
    source = find_source(protector or "plain")
    identity = source.identity()
    plain = plain or identity == "plain"
    own = _defaults(source, protector)
    unsaid = dataset is None and own.run is None
    dataset = None if dataset is None else as_recorded(dataset)
    if own.run and dataset not in (None, own.dataset["name"]) and out is None:
        raise UserError(
            f"--dataset={dataset} is not the run's own ({own.dataset['name']}); add --out=DIR"
        )
    chosen = _settings(own, preset, settings)
    preset = preset or own.preset
    seed = checked_seed(own.seed if seed is None else seed)
    dataset = dataset or own.dataset["name"]
    data_dir = data_dir or own.data_dir
    target = _target(source, own, dataset, preset, out)

    import_tensorflow()

    from tfppdnn.datasets.load import load_dataset

    images = load_dataset(
        dataset,
        data_dir=data_dir,
        image_size=chosen.image_size,
        # Of a folder's images, the same are held out as when h_p was trained.
        seed=own.seed if own.run else seed,
    )
    if own.run and target.path.resolve() == own.run.path.resolve():
        if images.summary() != own.dataset:
            raise UserError(
                f"--dataset={dataset}: not the images that {own.run.path} was trained on; "
                "give their --data_dir, or another --out"
            )
    else:
        target.claim(
            verb="classify",
            protector=identity,
            preset=preset,
            settings={name: getattr(chosen, name) for name in SETTINGS},
            dataset=images.summary(),
            seed=seed,
            data_dir=data_dir,
        )
    if unsaid:
        say_on_digits("classify")
    kind = "plain" if plain else "protected"
    new = kind not in target.metrics().get("classify", {})
    train_classifier(
        target,
        images,
        Plain() if plain else CheckedProtector(source.load(), name=str(protector)),
        preset=chosen,
        seed=seed,
        kind=kind,
    )
    if new and (target.path / "report.html").exists():
        from tfppdnn.reports.report import write_report

        write_report(target)
    return {"run": str(target.path), **_summary(target.metrics()["classify"])}, 0


@dataclasses.dataclass(frozen=True, kw_only=True)
class _Defaults:
    """What holds where a call says nothing; of a run folder, its own.

    Attributes:
        run: The run folder; None for any other protector, for which the values below hold.
        dataset: The data set's summary, or what is known of it.
        data_dir: Where it is read from.
        preset: The preset's name.
        settings: Settings that differ from the preset's.
        seed: The seed.
    """

    run: RunFolder | None = None
    dataset: dict[str, Any] = dataclasses.field(default_factory=lambda: {"name": "digits"})
    data_dir: str | None = None
    preset: str = "quick"
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    seed: int = 0


def _defaults(source: Source, protector: str | None) -> _Defaults:
    if not source.is_run:
        return _Defaults()
    run = RunFolder(protector)
    config = run.config()
    return _Defaults(
        run=run,
        dataset=config["dataset"],
        data_dir=config.get("data_dir"),
        preset=config["preset"],
        settings=config["settings"],
        seed=config["seed"],
    )


def _settings(own: _Defaults, preset: str | None, settings: dict[str, Any]) -> Preset:
    """The run's settings; of `SETTINGS`, a preset's and this call's in their place."""
    for name in settings:
        if name not in SETTINGS:
            raise UserError(f"--{name}: not an option of classify; it has {', '.join(SETTINGS)}")
    values = {**own.settings}
    if preset is not None:
        of_preset = make_preset(preset)
        values |= {name: getattr(of_preset, name) for name in SETTINGS}
    return make_preset(own.preset, {**values, **settings})


def _target(
    source: Source, own: _Defaults, dataset: str, preset: str, out: str | None
) -> RunFolder:
    if out is not None:
        return RunFolder(out)
    name = f"classify-{source.title}-{Path(dataset).resolve().name}-{preset}"
    return own.run or RunFolder(Path("runs") / name)


def _summary(classified: dict[str, Any]) -> dict[str, Any]:
    """Both accuracies, as far as both were trained."""
    return {
        f"accuracy_{kind}": classified[kind]["test_accuracy"]
        for kind in ("protected", "plain")
        if kind in classified
    } | {"test_images": next(iter(classified.values()))["test_images"]}
