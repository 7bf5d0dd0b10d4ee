"""`python -m tfppdnn classify`: the cloud's part of the paper's Fig. 5(a)."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
from fire.decorators import SetParseFns

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.presets import Preset, make_preset
from tfppdnn.runs import RunFolder
from tfppdnn.verbs.quiet import import_tensorflow
from tfppdnn.verbs.train import checked_seed

# The preset's settings that this verb uses, and takes as options.
SETTINGS = (
    "classifier_width",
    "classifier_epochs",
    "classifier_batch_size",
    "classifier_learning_rate",
    "steps_per_round",
    "test_images",
    "augment_flip",
    "mixed_precision",
)

_STATISTICS_IMAGES = 1000


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

        Another data set, protected by a network that never saw it:

            python -m tfppdnn classify --protector=runs/cifar10-cpu \
                --dataset=tiny_imagenet100 --data_dir=DIR --out=runs/other

    Args:
        protector: A run folder made by `train`.
        plain: Whether to train on plain images instead.
        dataset: As for `train`; the run's own if not given.
        data_dir: A tensorflow-datasets directory.
        preset: quick, cpu or paper; the run's own if not given.
        out: Where to save; the protector's run folder if not given.
        seed: Seed of weights, order and augmentation; the run's own if not given.
        settings: Any of classifier_width, classifier_epochs, classifier_batch_size,
            classifier_learning_rate, steps_per_round, test_images, augment_flip,
            mixed_precision.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, or the training was begun with other settings.
    """
    if protector is None:
        raise UserError("--protector is missing; pass --protector=RUN, a folder made by train")
    if not isinstance(plain, bool):
        raise UserError(f"--plain takes no value, not {plain!r}")
    source = RunFolder(protector)
    config = source.config()
    own = config["dataset"]
    if dataset not in (None, own["name"]) and out is None:
        raise UserError(f"--dataset={dataset} is not the run's own ({own['name']}); add --out=DIR")
    digest = _digest(source)
    chosen = _settings(config, preset, settings)
    seed = checked_seed(config["seed"] if seed is None else seed)
    data_dir = data_dir or config.get("data_dir")

    import_tensorflow()

    from tfppdnn.data.load import load_dataset

    images = load_dataset(
        dataset or own["name"],
        data_dir=data_dir,
        image_size=chosen.image_size,
        # Of a folder's images, the same are held out as when h_p was trained.
        seed=config["seed"],
    )
    target = source if out is None else RunFolder(out)
    if target.path.resolve() == source.path.resolve():
        if images.summary() != own:
            raise UserError(
                f"--dataset={own['name']}: not the images that {source.path} was trained on; "
                "give their --data_dir, or another --out"
            )
    else:
        target.claim(
            verb="classify",
            protector=digest,
            preset=preset or config["preset"],
            settings={name: getattr(chosen, name) for name in SETTINGS},
            dataset=images.summary(),
            seed=seed,
            data_dir=data_dir,
        )
    kind = "plain" if plain else "protected"
    target.claim_stage(
        f"classifier_{kind}",
        {"seed": seed, **{name: getattr(chosen, name) for name in SETTINGS}},
    )
    if kind not in target.metrics().get("classify", {}):
        protect = _identity if plain else _batch_protector(source)
        _train(target, chosen, images, protect, kind=kind, seed=seed)
        if (target.path / "report.html").exists():
            from tfppdnn.reporting.report import write_report

            write_report(target)
    return {"run": str(target.path), **_summary(target.metrics()["classify"])}, 0


def _settings(config: dict[str, Any], preset: str | None, settings: dict[str, Any]) -> Preset:
    """The run's settings; of `SETTINGS`, a preset's and this call's in their place."""
    for name in settings:
        if name not in SETTINGS:
            raise UserError(f"--{name}: not an option of classify; it has {', '.join(SETTINGS)}")
    values = {**config["settings"]}
    if preset is not None:
        of_preset = make_preset(preset)
        values |= {name: getattr(of_preset, name) for name in SETTINGS}
    return make_preset(config["preset"], {**values, **settings})


def _digest(run: RunFolder) -> str:
    """Tells the protector of a run from any other."""
    try:
        return hashlib.sha256((run.path / "protector.tflite").read_bytes()).hexdigest()[:16]
    except FileNotFoundError:
        raise UserError(
            f"--protector={run.path}: no protector.tflite there; its training has not finished, or "
            "a file was refused: give the same train command again"
        ) from None


def _batch_protector(run: RunFolder):
    """h_p as the client runs it, but in batches: the SavedModel that was exported."""
    from tfppdnn.loading import load_protector

    return load_protector(run.path / "protector").protect


def _identity(images: np.ndarray) -> np.ndarray:
    return images


def _train(run: RunFolder, preset: Preset, dataset, protect, *, kind: str, seed: int) -> None:
    import keras

    from tfppdnn.data.batches import image_batches, in_batches
    from tfppdnn.exporting.classifier import export_classifier
    from tfppdnn.models.resnet18 import resnet18
    from tfppdnn.training.classifiers import accuracy_of, compile_classifier
    from tfppdnn.training.precision import computing_in_bfloat16, in_float32
    from tfppdnn.training.protected_batches import protected_batches
    from tfppdnn.training.resumable import fit_resumably

    def protected(images: np.ndarray) -> np.ndarray:
        return np.concatenate([protect(batch) for batch in in_batches(images, 128)])

    stage = f"classifier_{kind}"
    keras.utils.set_random_seed(seed)
    sample = dataclasses.replace(
        dataset, train_images=protected(dataset.train_images[:_STATISTICS_IMAGES])
    )
    mean, std = sample.channel_statistics()

    def build() -> keras.Model:
        return resnet18(
            num_classes=dataset.num_classes,
            image_size=dataset.image_size,
            width=preset.classifier_width,
            mean=mean,
            std=std,
        )

    with computing_in_bfloat16(preset.mixed_precision):
        model = build()
    batch_size = min(preset.classifier_batch_size, len(dataset.train_images))
    steps_per_epoch = len(dataset.train_images) // batch_size
    steps = preset.classifier_epochs * steps_per_epoch
    rate = preset.classifier_learning_rate
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
        [int(share * steps) for share in (0.3, 0.6, 0.8)], [rate / 5**n for n in range(4)]
    )
    # The paper's 5e-4 decays the gradient, inside the momentum of 0.9: see the docstring.
    compile_classifier(model, schedule, weight_decay=5e-3)

    def batches(first_step: int, count: int):
        augmented = image_batches(
            dataset.train_images,
            dataset.train_labels,
            batch_size=batch_size,
            first_step=first_step,
            steps=count,
            seed=seed,
            augment=True,
            flip=preset.augment_flip and dataset.mirrors_alike,
        )
        return protected_batches(augmented, protect)

    history = fit_resumably(
        model,
        batches,
        title=f"classifier on {kind} images",
        steps=steps,
        steps_per_round=preset.steps_per_round,
        checkpoints=run.checkpoints(stage),
        logs=run.logs(stage),
    )

    model = in_float32(model, build)
    folder = run.path / ("classifier" if kind == "protected" else "classifier_plain")
    with written_whole(folder) as temporary:
        export_classifier(model, dataset.class_names, temporary, image_size=dataset.image_size)
    test = slice(preset.test_images or None)
    images, labels = dataset.test_images[test], dataset.test_labels[test]
    run.record(
        "classify",
        {
            kind: {
                "test_accuracy": accuracy_of(model, protected(images), labels),
                # What a client gets who forgets to protect.
                "accuracy_on_plain_images": accuracy_of(model, images, labels),
                "test_images": len(images),
                "epochs": preset.classifier_epochs,
                "parameters": model.count_params(),
                "history": history,
            }
        },
    )


def _summary(classified: dict[str, Any]) -> dict[str, Any]:
    """Both accuracies, as far as both were trained."""
    return {
        f"accuracy_{kind}": classified[kind]["test_accuracy"]
        for kind in ("protected", "plain")
        if kind in classified
    } | {"test_images": next(iter(classified.values()))["test_images"]}
