"""From a preset to the networks and the objective of the transformation network's training."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from tfppdnn.datasets.batches import in_batches
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.models.bottleneck import bottleneck, code_bits
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.hourglass import hourglass
from tfppdnn.models.inference import inference
from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.perceptual import perceptual_features
from tfppdnn.models.unet import unet
from tfppdnn.models.vgg13 import copy_stages
from tfppdnn.protection.cyclegan import CycleGAN
from tfppdnn.protection.hardened import HardenedProtector
from tfppdnn.protection.losses import feature_loss
from tfppdnn.protection.preliminary_images import PreliminaryImages
from tfppdnn.settings import Preset
from tfppdnn.training.precision import computing_in_bfloat16

_IMAGES_TO_MEASURE_CAP = 512


def build_transformation_network(
    preset: Preset,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    *,
    seed: int,
) -> tuple[CycleGAN | HardenedProtector, dict[str, Any]]:
    """Builds and compiles the model of a preset's objective.

    Args:
        preset: The networks' sizes, the losses' weights and the optimizers' settings.
        dataset: Plain images.
        reference_classifier: h_theta.
        preliminary: P.
        seed: Seed of weights and pools.

    Returns:
        The model, and what is worth recording of how it was built.
    """
    keras.utils.set_random_seed(seed)
    if preset.objective == "hardened":
        return _build_hardened(preset, dataset, reference_classifier, seed)
    return _build_cyclegan(preset, dataset, reference_classifier, preliminary, seed)


def build_protector(preset: Preset, dataset: ImageDataset) -> keras.Model:
    """Builds h_p, untrained."""
    if preset.protector_network == "unet":
        return build_unet(preset, dataset, name="protector")
    mean, std = dataset.channel_statistics()
    return bottleneck(
        image_size=dataset.image_size,
        encoder_width=preset.reference_width,
        code_size=preset.code_size,
        code_levels=preset.code_levels,
        decoder_width=preset.decoder_width,
        mean=mean,
        std=std,
        name="protector",
    )


def build_restorer(preset: Preset, dataset: ImageDataset) -> keras.Model:
    """Builds what is trained beside h_p to undo it, untrained."""
    if preset.objective == "hardened" and preset.protector_network == "bottleneck":
        # The code is everywhere in the protected image: a U-Net would not find it.
        return hourglass(image_size=dataset.image_size, name="restorer")
    return build_unet(preset, dataset, name="restorer")


def build_unet(preset: Preset, dataset: ImageDataset, *, name: str) -> keras.Model:
    """Builds a U-Net generator, untrained."""
    mean, std = dataset.channel_statistics()
    return unet(
        base_width=preset.generator_width,
        depth=preset.generator_depth,
        norm=preset.generator_norm,
        mean=mean,
        std=std,
        name=name,
    )


def build_discriminator(preset: Preset, *, name: str) -> keras.Model:
    """Builds a PatchGAN discriminator, untrained."""
    return patchgan(
        base_width=preset.discriminator_width,
        strided_layers=preset.discriminator_strided_layers,
        name=name,
    )


def _build_cyclegan(
    preset: Preset,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    seed: int,
) -> tuple[CycleGAN, dict[str, Any]]:
    features = perceptual_features(
        preset.perceptual_weights, reference_classifier=reference_classifier
    )
    cap = _perceptual_cap(preset, features.model, dataset, preliminary)
    with computing_in_bfloat16(preset.mixed_precision):
        model = CycleGAN(
            protector=build_protector(preset, dataset),
            restorer=build_restorer(preset, dataset),
            plain_discriminator=build_discriminator(preset, name="plain_discriminator"),
            protected_discriminator=build_discriminator(preset, name="protected_discriminator"),
            reference_classifier=reference_classifier,
            features=features.model,
            lambda_=preset.lambda_,
            gamma=preset.gamma,
            perceptual_cap=cap,
            pool_size=preset.pool_size,
            image_shape=dataset.train_images.shape[1:],
            seed=seed,
        )
    model.compile(learning_rate=preset.transform_learning_rate, beta_1=preset.transform_beta_1)
    facts = {"perceptual_features": features.source, "perceptual_cap": cap}
    return model, {**facts, **_bits(preset)}


def _build_hardened(
    preset: Preset, dataset: ImageDataset, reference_classifier: keras.Model, seed: int
) -> tuple[HardenedProtector, dict[str, Any]]:
    with computing_in_bfloat16(preset.mixed_precision):
        protector = build_protector(preset, dataset)
        if preset.protector_network == "bottleneck":
            # It need not learn again to see what h_theta sees.
            copy_stages(reference_classifier, protector)
        model = HardenedProtector(
            protector=protector,
            restorer=build_restorer(preset, dataset),
            protected_discriminator=build_discriminator(preset, name="protected_discriminator"),
            reference_classifier=reference_classifier,
            mean_image=as_floats(dataset.train_images.mean(axis=0)),
            lambda_=preset.lambda_,
            classification_weight=preset.gamma[1],
            feature_weight=preset.feature_weight,
            feature_stages=preset.feature_stages,
            hiding_weight=preset.hiding_weight,
            pool_size=preset.pool_size,
            seed=seed,
        )
    model.compile(
        learning_rate=preset.transform_learning_rate,
        beta_1=preset.transform_beta_1,
        steps=transform_steps(preset, dataset),
    )
    return model, _bits(preset)


def transform_steps(preset: Preset, dataset: ImageDataset) -> int:
    """How many steps the transformation network is trained for."""
    steps_per_epoch = max(1, len(dataset.train_images) // preset.transform_batch_size)
    return preset.transform_steps or preset.transform_epochs * steps_per_epoch


def _bits(preset: Preset) -> dict[str, Any]:
    if preset.protector_network != "bottleneck":
        return {}
    return {"most_bits_a_protected_image_holds": code_bits(preset.code_size, preset.code_levels)}


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
    plain = as_floats(dataset.train_images[preliminary.sources[some]])
    protected = as_floats(preliminary.images[some])
    see = inference(features)
    distances = [
        keras.ops.convert_to_numpy(feature_loss(see(x), see(x_p)))
        for x, x_p in zip(in_batches(plain, 64), in_batches(protected, 64), strict=True)
    ]
    return float(np.median(np.concatenate(distances)))
