"""Training ResNet-18 on what a protector makes of the images (Section IV-D, Fig. 5a)."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from tfppdnn.files import written_whole
from tfppdnn.protector.protector import Protector
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import OF_STAGE, TrainingSettings

if TYPE_CHECKING:
    from tfppdnn.datasets.dataset import ImageDataset

_STATISTICS_IMAGES = 1000


def train_classifier(
    run: RunFolder,
    dataset: ImageDataset,
    protector: Protector,
    *,
    settings: TrainingSettings,
    seed: int,
    kind: str = "protected",
) -> dict[str, Any]:
    """Trains a classifier on protected images, saves it for serving, and measures it.

    It is resumed where it was stopped, and not trained again when it is finished.

    Args:
        run: Where the classifier, its checkpoints and figures go.
        dataset: Plain images and labels.
        protector: What its images go through after augmentation. If it says that it needs a
            `classifier_front`, the classifier gets it.
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
    if kind not in finished:
        figures = _train(run, dataset, protector, settings=settings, seed=seed, kind=kind)
        finished = run.record("classify", {kind: figures})
    return finished[kind]


def _train(
    run: RunFolder,
    dataset: ImageDataset,
    protector: Protector,
    *,
    settings: TrainingSettings,
    seed: int,
    kind: str,
) -> dict[str, Any]:
    import keras

    from tfppdnn.classification.protected_batches import own_errors, protected_batches
    from tfppdnn.datasets.batches import image_batches
    from tfppdnn.exporting.classifier import export_classifier
    from tfppdnn.models.fronts import FRONTS
    from tfppdnn.models.resnet18 import resnet18
    from tfppdnn.training.classifiers import accuracy_of, compile_classifier
    from tfppdnn.training.precision import computing_in_bfloat16, in_float32
    from tfppdnn.training.resumable import fit_resumably

    stage = f"classifier_{kind}"
    protector = protector.fitted_on(dataset.train_images)
    keras.utils.set_random_seed(seed)
    sample = dataclasses.replace(
        dataset, train_images=protector.protect(dataset.train_images[:_STATISTICS_IMAGES])
    )
    mean, std = sample.channel_statistics()
    front = protector.says("classifier_front")

    def build() -> keras.Model:
        return resnet18(
            num_classes=dataset.num_classes,
            image_size=dataset.image_size,
            width=settings.classifier.width,
            mean=mean,
            std=std,
            front=front and FRONTS[front],
        )

    with computing_in_bfloat16(settings.computing.mixed_precision):
        model = build()
    batch_size = min(settings.classifier.batch_size, len(dataset.train_images))
    steps_per_epoch = len(dataset.train_images) // batch_size
    steps = settings.classifier.epochs * steps_per_epoch
    rate = settings.classifier.learning_rate
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay(
        [int(share * steps) for share in (0.3, 0.6, 0.8)], [rate / 5**n for n in range(4)]
    )
    # The paper's 5e-4 decays the gradient, inside the momentum of 0.9; Keras decays outside.
    compile_classifier(model, schedule, weight_decay=5e-3)

    with own_errors(protector.protect) as protect:

        def batches(first_step: int, count: int):
            augmented = image_batches(
                dataset.train_images,
                dataset.train_labels,
                batch_size=batch_size,
                first_step=first_step,
                steps=count,
                seed=seed,
                augment=True,
                flip=settings.data.augment_flip and dataset.mirrors_alike,
            )
            return protected_batches(augmented, protect)

        history = fit_resumably(
            model,
            batches,
            title=f"classifier on {kind} images",
            steps=steps,
            steps_per_round=settings.computing.steps_per_round,
            checkpoints=run.checkpoints(stage),
            logs=run.logs(stage),
        )

    model = in_float32(model, build)
    folder = run.path / ("classifier" if kind == "protected" else "classifier_plain")
    with written_whole(folder) as temporary:
        export_classifier(model, dataset.class_names, temporary, image_size=dataset.image_size)
    test = slice(settings.measuring.test_images or None)
    images, labels = dataset.test_images[test], dataset.test_labels[test]
    return {
        "test_accuracy": accuracy_of(model, protector.protect(images), labels),
        # What a client gets who forgets to protect.
        "accuracy_on_plain_images": accuracy_of(model, images, labels),
        "test_images": len(images),
        "epochs": settings.classifier.epochs,
        "parameters": model.count_params(),
        "history": history,
    }
