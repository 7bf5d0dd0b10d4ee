"""Stage 3: the transformation network h_p (Section III-C)."""

from __future__ import annotations

import sys

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfppdnn import workers
from tfppdnn.datasets.batches import image_batches
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.images.montage import montage
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.protection.building import (
    build_discriminator,
    build_protector,
    build_restorer,
    build_transformation_network,
    transform_steps,
)
from tfppdnn.protection.cyclegan import CycleGAN
from tfppdnn.protection.hardened import HardenedProtector
from tfppdnn.protection.preliminary_images import PreliminaryImages
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import TrainingSettings
from tfppdnn.training.checkpoints import restore_part
from tfppdnn.training.resumable import fit_resumably

STAGE = "transformation_network"
_IMAGES_IN_GRID = 8


def train_transformation_network(
    run: RunFolder,
    settings: TrainingSettings,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    *,
    seed: int,
) -> CycleGAN | HardenedProtector:
    """Trains h_p by the settings' objective, or finishes an interrupted training.

    Args:
        run: Where checkpoints, logs and figures go.
        settings: The networks' sizes, the losses' weights and the optimizers' settings.
        dataset: Plain images, domain A.
        reference_classifier: h_theta.
        preliminary: P, domain B.
        seed: Seed of weights, order and pools.

    Returns:
        The objective's model; its `protector` is h_p, its `restorer` what was trained beside it.
    """
    model, facts = build_transformation_network(
        settings, dataset, reference_classifier, preliminary, seed=seed
    )
    # A resumed training must find the same features: they may come from a network.
    run.claim_stage(STAGE, {key: facts[key] for key in ("perceptual_features",) if key in facts})
    for name, fact in facts.items() if workers.is_chief() else ():
        tqdm.write(f"{name.replace('_', ' ')}: {fact}", file=sys.stderr)
    batch_size, steps = settings.transformation.batch_size, transform_steps(settings, dataset)

    part = workers.part_of(batch_size, option="transform_batch_size")

    def batches(first_step: int, count: int) -> tf.data.Dataset:
        where = {"batch_size": batch_size, "first_step": first_step, "steps": count, "part": part}
        plain = image_batches(
            dataset.train_images,
            dataset.train_labels,
            seed=seed,
            # The hardened protector learns to classify, and would learn its images by heart.
            augment=settings.transformation.objective.name == "hardened",
            flip=settings.data.augment_flip and dataset.mirrors_alike,
            **where,
        )
        protected = image_batches(preliminary.images, preliminary.labels, seed=seed + 1, **where)
        return tf.data.Dataset.zip((plain, protected))

    def grid() -> np.ndarray:
        plain = dataset.test_images[:_IMAGES_IN_GRID]
        protected = run_on_images(model.protector, plain)
        rows = [plain, protected, run_on_images(model.restorer, protected)]
        return np.asarray(montage(rows, tile=1, margin=2, gap=2))

    history = fit_resumably(
        model,
        batches,
        title="transformation network",
        steps=steps,
        steps_per_round=settings.computing.steps_per_round,
        checkpoints=run.checkpoints(STAGE),
        logs=run.logs(STAGE),
        image_grid=grid,
        shared=True,
    )
    if workers.is_chief() and STAGE not in run.metrics():
        run.record(
            STAGE,
            {
                "steps": steps,
                "pairs_seen": steps * batch_size,
                **facts,
                "protector_parameters": model.protector.count_params(),
                "history": history,
            },
        )
    return model


def protected_discriminator(
    run: RunFolder, settings: TrainingSettings, dataset: ImageDataset
) -> keras.Model:
    """Builds F_B as the transformation network's training left it.

    Args:
        run: A run folder whose checkpoints are still there.
        settings: The run's settings.
        dataset: The run's data set.

    Returns:
        A PatchGAN from float32 [N, H, W, 3] in [0, 1] to float32 [N, h, w, 1].

    Raises:
        UserError: There is no checkpoint, or it is damaged or another model's.
    """
    model = build_discriminator(settings, name="protected_discriminator")
    before = [build_protector(settings, dataset), build_restorer(settings, dataset)]
    if settings.transformation.objective.name == "cyclegan":
        before.append(build_discriminator(settings, name="plain_discriminator"))
    restore_part(run.checkpoints(STAGE), before=before, part=model)
    return model
