"""Stage 3: the transformation network h_p (Section III-C)."""

from __future__ import annotations

import sys

import keras
import numpy as np
import tensorflow as tf
from tqdm import tqdm

from tfppdnn.data.batches import image_batches, in_batches
from tfppdnn.data.dataset import ImageDataset
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.perceptual import perceptual_features
from tfppdnn.models.unet import unet
from tfppdnn.presets import Preset
from tfppdnn.protection.cyclegan import CycleGAN
from tfppdnn.protection.losses import feature_loss
from tfppdnn.protection.preliminary_images import PreliminaryImages
from tfppdnn.runs import RunFolder
from tfppdnn.training.image_grid import image_grid
from tfppdnn.training.precision import computing_in_bfloat16
from tfppdnn.training.resumable import fit_resumably

STAGE = "transformation_network"
_IMAGES_TO_MEASURE_CAP = 512
_IMAGES_IN_GRID = 8


def train_transformation_network(
    run: RunFolder,
    preset: Preset,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    *,
    seed: int,
) -> CycleGAN:
    """Trains the CycleGAN between plain images and P, or finishes an interrupted training.

    Args:
        run: Where checkpoints, logs and figures go.
        preset: The networks' sizes, the losses' weights and the optimizers' settings.
        dataset: Plain images, domain A.
        reference_classifier: h_theta.
        preliminary: P, domain B.
        seed: Seed of weights, order and pools.

    Returns:
        The CycleGAN; its `protector` is h_p.
    """
    model, sources = build_transformation_network(
        preset, dataset, reference_classifier, preliminary, seed=seed
    )
    # A resumed training must find the same features: they may come from a network.
    run.claim_stage(STAGE, {"perceptual_features": sources})
    tqdm.write(f"perceptual features: {sources}", file=sys.stderr)
    batch_size = preset.transform_batch_size
    steps = preset.transform_steps or preset.transform_epochs * max(
        1, len(dataset.train_images) // batch_size
    )

    def batches(first_step: int, count: int) -> tf.data.Dataset:
        where = {"batch_size": batch_size, "first_step": first_step, "steps": count}
        plain = image_batches(dataset.train_images, dataset.train_labels, seed=seed, **where)
        protected = image_batches(preliminary.images, preliminary.labels, seed=seed + 1, **where)
        return tf.data.Dataset.zip((plain, protected))

    def grid() -> np.ndarray:
        plain = dataset.test_images[:_IMAGES_IN_GRID]
        protected = run_on_images(model.protector, plain)
        return image_grid([plain, protected, run_on_images(model.restorer, protected)])

    history = fit_resumably(
        model,
        batches,
        title="transformation network",
        steps=steps,
        steps_per_round=preset.steps_per_round,
        checkpoints=run.checkpoints(STAGE),
        logs=run.logs(STAGE),
        image_grid=grid,
    )
    if STAGE not in run.metrics():
        run.record(
            STAGE,
            {
                "steps": steps,
                "pairs_seen": steps * batch_size,
                "perceptual_features": sources,
                "perceptual_cap": model.perceptual_cap,
                "protector_parameters": model.protector.count_params(),
                "history": history,
            },
        )
    return model


def build_transformation_network(
    preset: Preset,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    *,
    seed: int,
) -> tuple[CycleGAN, str]:
    """Builds and compiles the CycleGAN of a preset.

    Returns:
        The CycleGAN, and where its perceptual features come from.
    """
    keras.utils.set_random_seed(seed)
    features = perceptual_features(
        preset.perceptual_weights, reference_classifier=reference_classifier
    )
    discriminator = {
        "base_width": preset.discriminator_width,
        "strided_layers": preset.discriminator_strided_layers,
    }
    with computing_in_bfloat16(preset.mixed_precision):
        model = CycleGAN(
            protector=build_generator(preset, dataset, name="protector"),
            restorer=build_generator(preset, dataset, name="restorer"),
            plain_discriminator=patchgan(name="plain_discriminator", **discriminator),
            protected_discriminator=patchgan(name="protected_discriminator", **discriminator),
            reference_classifier=reference_classifier,
            features=features.model,
            lambda_=preset.lambda_,
            gamma=preset.gamma,
            perceptual_cap=_perceptual_cap(preset, features.model, dataset, preliminary),
            pool_size=preset.pool_size,
            image_shape=dataset.train_images.shape[1:],
            seed=seed,
        )
    model.compile(learning_rate=preset.transform_learning_rate, beta_1=preset.transform_beta_1)
    return model, features.source


def build_generator(preset: Preset, dataset: ImageDataset, *, name: str) -> keras.Model:
    """Builds one of the two U-Nets, untrained."""
    mean, std = dataset.channel_statistics()
    return unet(
        base_width=preset.generator_width,
        depth=preset.generator_depth,
        norm=preset.generator_norm,
        mean=mean,
        std=std,
        name=name,
    )


def _perceptual_cap(
    preset: Preset,
    features: keras.Model,
    dataset: ImageDataset,
    preliminary: PreliminaryImages,
) -> float | None:
    """The bound of a feature loss: by default the distance that P already has, its median."""
    if preset.perceptual_cap == "off":
        return None
    if preset.perceptual_cap != "measured":
        return float(preset.perceptual_cap)
    some = slice(_IMAGES_TO_MEASURE_CAP)
    plain = dataset.train_images[preliminary.sources[some]].astype(np.float32) / 255
    protected = preliminary.images[some].astype(np.float32) / 255
    distances = [
        keras.ops.convert_to_numpy(feature_loss(features(x), features(x_p)))
        for x, x_p in zip(in_batches(plain, 64), in_batches(protected, 64), strict=True)
    ]
    return float(np.median(np.concatenate(distances)))
