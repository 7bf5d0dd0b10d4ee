"""Training the cloud's classifier on what a protector makes of images (Section IV-D, Fig. 5a)."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfppdnn import workers
from tfppdnn.files import written_whole
from tfppdnn.protector.protector import Protector
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import OF_STAGE, RunSettings
from tfppdnn.timing import timed

if TYPE_CHECKING:
    from tfppdnn.datasets.dataset import ImageDataset

_STATISTICS_IMAGES = 1000


def train_classifier(
    run: RunFolder,
    dataset: ImageDataset,
    protector: Protector,
    *,
    settings: RunSettings,
    seed: int,
    kind: str = "protected",
) -> dict[str, Any]:
    """Trains a classifier on protected images, saves it for serving, and measures it.

    It is resumed where it was stopped, and not trained again when it is finished.

    Args:
        run: Where the classifier, its checkpoints and figures go.
        dataset: Plain images and labels.
        protector: What its images go through after augmentation. If it says that it needs a
            `classifier_front`, the classifier gets it. One that draws noise protects each image
            once, without augmentation: each time tells as much again.
        settings: Of it, the classifier's are used, and how it is computed and measured.
        seed: Seed of weights, order and augmentation.
        kind: `protected`, or `plain` for the comparison whose protector does nothing: the
            name under which both may stand in one folder.

    Returns:
        The figures, as they are recorded under `classify` and `kind`.

    Raises:
        UserError: It was begun with other settings, it diverged, or the protector fails.
    """
    stage = f"classifier_{kind}"
    run.claim_stage(stage, {"seed": seed, **settings.options(*OF_STAGE["classifier"])})
    finished = run.metrics().get("classify", {})
    if kind not in finished and (_trained_together(settings) or workers.is_chief()):
        with timed(run.path / "logs", f"classifier on {kind} images"):
            figures = _train(run, dataset, protector, settings=settings, seed=seed, kind=kind)
        if workers.is_chief():
            run.record("classify", {kind: figures})
    workers.wait()
    return run.metrics()["classify"][kind]


def _train(
    run: RunFolder,
    dataset: ImageDataset,
    protector: Protector,
    *,
    settings: RunSettings,
    seed: int,
    kind: str,
) -> dict[str, Any]:
    import keras
    import numpy as np

    from tfppdnn.classification.networks import (
        build_classifier,
        compile_for_training,
        steps_per_epoch,
    )
    from tfppdnn.exporting.classifier import export_classifier
    from tfppdnn.training.precision import computing_in_bfloat16, in_float32
    from tfppdnn.training.resumable import fit_resumably

    stage = f"classifier_{kind}"
    protector = protector.fitted_on(dataset.train_images)
    keras.utils.set_random_seed(seed)
    checkpoints = run.checkpoints(stage)
    # Noise that is drawn anew for every epoch would tell as many times as much.
    once = protector.draws_noise or not settings.classifier.augment
    made = None
    if once and kind == "plain":
        made = dataset.train_images  # Of which no copy is kept.
    elif once:
        made = _made_once(dataset, protector.protect, settings, kept=checkpoints)
    some = slice(_STATISTICS_IMAGES)
    if protector.draws_noise:
        seen = np.asarray(made[some])
    else:
        seen = protector.protect(dataset.train_images[some])
    sample = dataclasses.replace(dataset, train_images=seen)

    def build() -> keras.Model:
        return build_classifier(
            settings.classifier, sample, front=protector.says("classifier_front")
        )

    with computing_in_bfloat16(settings.computing.mixed_precision):
        model = build()
    steps = settings.classifier.epochs * steps_per_epoch(settings.classifier, dataset)
    compile_for_training(model, settings.classifier, steps=steps)
    if made is None:
        batches = _augmented(dataset, protector.protect, settings=settings, seed=seed)
    else:
        batches = _as_they_are(made, dataset, settings=settings, seed=seed)
    history = fit_resumably(
        model,
        batches,
        title=f"classifier on {kind} images",
        steps=steps,
        steps_per_round=settings.computing.steps_per_round,
        checkpoints=checkpoints,
        logs=run.logs(stage),
        shared=_trained_together(settings),
    )
    if not workers.is_chief():
        return {}

    model = in_float32(model, build)
    folder = run.path / ("classifier" if kind == "protected" else "classifier_plain")
    with written_whole(folder) as temporary:
        export_classifier(model, dataset.class_names, temporary, image_size=dataset.image_size)
    right, images = _right(model, dataset, protector, settings.measuring.test_images)
    return {
        "test_accuracy": right["protected"] / images,
        # What a client gets who forgets to protect.
        "accuracy_on_plain_images": right["plain"] / images,
        "test_images": images,
        "network": settings.classifier.network,
        "epochs": settings.classifier.epochs,
        "parameters": model.count_params(),
        "history": history,
    }


def _trained_together(settings: RunSettings) -> bool:
    """Whether all workers train it: dense layers learn faster than workers could agree."""
    return settings.classifier.network != "dense"


def _part(dataset: ImageDataset, settings: RunSettings) -> slice | None:
    from tfppdnn.classification.networks import batch_size_for

    if not _trained_together(settings):
        return None
    return workers.part_of(
        batch_size_for(settings.classifier, dataset), option="classifier_batch_size"
    )


def _right(model, dataset: ImageDataset, protector: Protector, count: int) -> tuple[Counter, int]:
    """Counts the first test images (0: all) that are told right, and how many there are.

    Their protected forms never are in memory all at once.
    """
    from tfppdnn.datasets.blocks import in_blocks
    from tfppdnn.training.classifiers import predict_classes

    right, seen = Counter(), 0
    for images in in_blocks(dataset.test_images, count):
        labels = dataset.test_labels[seen : seen + len(images)]
        seen += len(images)
        for kind, shown in (("protected", protector.protect(images)), ("plain", images)):
            right[kind] += int((predict_classes(model, shown) == labels).sum())
    return right, seen


def _augmented(dataset: ImageDataset, protect, *, settings: RunSettings, seed: int):
    """Batches that are cropped and flipped anew, and then protected, at every step."""
    from tfppdnn.classification.networks import batch_size_for
    from tfppdnn.classification.protected_batches import protected_batches
    from tfppdnn.datasets.batches import image_batches

    part = _part(dataset, settings)

    def batches(first_step: int, count: int):
        augmented = image_batches(
            dataset.train_images,
            dataset.train_labels,
            batch_size=batch_size_for(settings.classifier, dataset),
            first_step=first_step,
            steps=count,
            seed=seed,
            augment=True,
            flip=settings.data.augment_flip and dataset.mirrors_alike,
            part=part,
        )
        return protected_batches(augmented, protect)

    return batches


def _made_once(dataset: ImageDataset, protect, settings: RunSettings, *, kept: Path):
    """Training images that each were protected once, as a client sends them."""
    from tfppdnn.classification.networks import shown_to
    from tfppdnn.training.shards import made_in_shards

    def make():
        return made_in_shards(
            kept / "protected",
            len(dataset.train_images),
            lambda some: {
                "images": shown_to(settings.classifier, protect(dataset.train_images[some]))
            },
            title="protecting",
        )

    # The others read what the chief has written.
    made = workers.chief_first(make) if _trained_together(settings) else make()
    return made["images"]


def _as_they_are(made, dataset: ImageDataset, *, settings: RunSettings, seed: int):
    """Batches of images that were protected before."""
    from tfppdnn.classification.networks import batch_size_for
    from tfppdnn.datasets.batches import image_batches

    part = _part(dataset, settings)

    def batches(first_step: int, count: int):
        return image_batches(
            made,
            dataset.train_labels,
            batch_size=batch_size_for(settings.classifier, dataset),
            first_step=first_step,
            steps=count,
            seed=seed,
            part=part,
        )

    return batches
