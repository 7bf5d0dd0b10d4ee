"""Stage 1: the reference classifier h_theta, trained on plain images (Section III-B, IV-B)."""

from __future__ import annotations

import keras
import numpy as np

from tfppdnn import workers
from tfppdnn.datasets.batches import image_batches
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.models.vgg13 import vgg13_bn
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import TrainingSettings
from tfppdnn.training.classifiers import accuracy_of, compile_classifier, one_cycle
from tfppdnn.training.precision import computing_in_bfloat16, in_float32
from tfppdnn.training.resumable import fit_resumably

STAGE = "reference_classifier"


def train_reference_classifier(
    run: RunFolder, settings: TrainingSettings, dataset: ImageDataset, *, seed: int
) -> keras.Model:
    """Trains VGG13-BN on plain images, or finishes an interrupted training.

    The learning rate rises over the first epoch and falls along a cosine to 0; the paper
    does not describe this training.

    Args:
        run: Where checkpoints, logs and figures go.
        settings: The settings that start with `reference_`.
        dataset: Plain images.
        seed: Seed of weights, order and augmentation.

    Returns:
        h_theta, from float32 [N, S, S, 3] in [0, 1] to logits [N, K].
    """
    keras.utils.set_random_seed(seed)
    mean, std = dataset.channel_statistics()

    def build() -> keras.Model:
        return vgg13_bn(
            num_classes=dataset.num_classes,
            image_size=dataset.image_size,
            width=settings.reference.width,
            mean=mean,
            std=std,
        )

    with computing_in_bfloat16(settings.computing.mixed_precision):
        model = build()
    steps_per_epoch = max(1, len(dataset.train_images) // settings.reference.batch_size)
    steps = settings.reference.epochs * steps_per_epoch
    compile_classifier(
        model,
        one_cycle(settings.reference.learning_rate, steps=steps, steps_per_epoch=steps_per_epoch),
        weight_decay=settings.reference.weight_decay,
        label_smoothing=settings.reference.label_smoothing,
    )

    part = workers.part_of(settings.reference.batch_size, option="reference_batch_size")

    def batches(first_step: int, count: int):
        return image_batches(
            dataset.train_images,
            dataset.train_labels,
            batch_size=settings.reference.batch_size,
            first_step=first_step,
            steps=count,
            seed=seed,
            augment=True,
            flip=settings.data.augment_flip and dataset.mirrors_alike,
            part=part,
        )

    history = fit_resumably(
        model,
        batches,
        title="reference classifier",
        steps=steps,
        steps_per_round=settings.computing.steps_per_round,
        checkpoints=run.checkpoints(STAGE),
        logs=run.logs(STAGE),
        shared=True,
    )
    model = in_float32(model, build)
    if workers.is_chief() and STAGE not in run.metrics():
        test = slice(settings.measuring.test_images or None)
        images, labels = dataset.test_images[test], dataset.test_labels[test]
        run.record(
            STAGE,
            {
                "test_accuracy": accuracy_of(model, images, labels),
                "test_images": len(images),
                "guessing": float(np.bincount(labels).max() / len(labels)),
                "parameters": model.count_params(),
                "history": history,
            },
        )
    return model
