"""From settings to the networks and the objective of the transformation network's training."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from tfppdnn.datasets.batches import in_batches
from tfppdnn.datasets.blocks import mean_image
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.models.bottleneck import bottleneck
from tfppdnn.models.code import code_bits
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.fused_adam import FusedAdam
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
from tfppdnn.settings import TrainingSettings
from tfppdnn.settings.training import NetworkSettings
from tfppdnn.training.precision import computing_in_bfloat16

_IMAGES_TO_MEASURE_CAP = 512
# Of a word that is no class's, what is added to its logit at first.
_UNLIKELY = -5.0
# Units of an hourglass's waist for each channel of its first convolution.
_WAIST = 16


def build_transformation_network(
    settings: TrainingSettings,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    *,
    seed: int,
) -> tuple[CycleGAN | HardenedProtector, dict[str, Any]]:
    """Builds and compiles the model of the objective.

    Args:
        settings: The networks' sizes, the losses' weights and the optimizers' settings.
        dataset: Plain images.
        reference_classifier: h_theta.
        preliminary: P.
        seed: Seed of weights and pools.

    Returns:
        The model, and what is worth recording of how it was built.
    """
    keras.utils.set_random_seed(seed)
    if settings.transformation.objective.name == "hardened":
        return _build_hardened(settings, dataset, reference_classifier, seed)
    return _build_cyclegan(settings, dataset, reference_classifier, preliminary, seed)


def build_protector(settings: TrainingSettings, dataset: ImageDataset) -> keras.Model:
    """Builds h_p, untrained."""
    networks = settings.transformation.networks
    if networks.protector_network == "unet":
        return build_unet(networks, dataset, name="protector")
    mean, std = dataset.channel_statistics()
    privacy = settings.privacy
    return bottleneck(
        image_size=dataset.image_size,
        encoder_width=settings.reference.width,
        code_size=privacy.choices if privacy.epsilon else networks.code_size,
        code_levels=networks.code_levels,
        privacy_epsilon=privacy.epsilon or None,
        decoder_width=networks.decoder_width,
        mean=mean,
        std=std,
        name="protector",
    )


def build_restorer(settings: TrainingSettings, dataset: ImageDataset) -> keras.Model:
    """Builds what is trained beside h_p to undo it, untrained."""
    networks, objective = settings.transformation.networks, settings.transformation.objective
    if objective.name == "hardened" and networks.protector_network == "bottleneck":
        # The code is everywhere in the protected image: a U-Net would not find it.
        return hourglass(
            image_size=dataset.image_size,
            base_width=networks.restorer_width,
            waist=_WAIST * networks.restorer_width,
            name="restorer",
        )
    return build_unet(networks, dataset, name="restorer")


def build_unet(networks: NetworkSettings, dataset: ImageDataset, *, name: str) -> keras.Model:
    """Builds a U-Net generator, untrained."""
    mean, std = dataset.channel_statistics()
    return unet(
        base_width=networks.generator_width,
        depth=networks.generator_depth,
        norm=networks.generator_norm,
        mean=mean,
        std=std,
        name=name,
    )


def build_discriminator(settings: TrainingSettings, *, name: str) -> keras.Model:
    """Builds a PatchGAN discriminator, untrained."""
    return patchgan(
        base_width=settings.transformation.networks.discriminator_width,
        strided_layers=settings.transformation.networks.discriminator_strided_layers,
        name=name,
    )


def transform_steps(settings: TrainingSettings, dataset: ImageDataset) -> int:
    """How many steps the transformation network is trained for."""
    training = settings.transformation
    steps_per_epoch = max(1, len(dataset.train_images) // training.batch_size)
    return training.steps or training.epochs * steps_per_epoch


def _build_cyclegan(
    settings: TrainingSettings,
    dataset: ImageDataset,
    reference_classifier: keras.Model,
    preliminary: PreliminaryImages,
    seed: int,
) -> tuple[CycleGAN, dict[str, Any]]:
    training, objective = settings.transformation, settings.transformation.objective
    features = perceptual_features(
        objective.perceptual_weights, reference_classifier=reference_classifier
    )
    cap = _perceptual_cap(objective.perceptual_cap, features.model, dataset, preliminary)
    with computing_in_bfloat16(settings.computing.mixed_precision):
        model = CycleGAN(
            protector=build_protector(settings, dataset),
            restorer=build_restorer(settings, dataset),
            plain_discriminator=build_discriminator(settings, name="plain_discriminator"),
            protected_discriminator=build_discriminator(settings, name="protected_discriminator"),
            reference_classifier=reference_classifier,
            features=features.model,
            lambda_=objective.lambda_,
            gamma=objective.gamma,
            perceptual_cap=cap,
            pool_size=training.pool_size,
            image_shape=dataset.train_images.shape[1:],
            seed=seed,
        )
    model.compile(optimizer=FusedAdam(training.learning_rate, training.beta_1))
    facts = {"perceptual_features": features.source, "perceptual_cap": cap}
    return model, {**facts, **_bits(settings)}


def _build_hardened(
    settings: TrainingSettings, dataset: ImageDataset, reference_classifier: keras.Model, seed: int
) -> tuple[HardenedProtector, dict[str, Any]]:
    training, objective = settings.transformation, settings.transformation.objective
    with computing_in_bfloat16(settings.computing.mixed_precision):
        protector = build_protector(settings, dataset)
        if training.networks.protector_network == "bottleneck":
            # It need not learn again to see what h_theta sees.
            copy_stages(reference_classifier, protector)
            if settings.privacy.epsilon:
                _name_classes(reference_classifier, protector)
        model = HardenedProtector(
            protector=protector,
            restorer=build_restorer(settings, dataset),
            protected_discriminator=build_discriminator(settings, name="protected_discriminator"),
            reference_classifier=reference_classifier,
            mean_image=as_floats(mean_image(dataset.train_images)),
            lambda_=objective.lambda_,
            classification_weight=objective.classification_weight,
            feature_weight=objective.feature_weight,
            feature_stages=objective.feature_stages,
            hiding_weight=objective.hiding_weight,
            pool_size=training.pool_size,
            seed=seed,
        )
    rate, steps = training.learning_rate, transform_steps(settings, dataset)
    falling = keras.optimizers.schedules.CosineDecay(rate, steps, alpha=0.01)
    model.compile(
        optimizer=FusedAdam(falling, training.beta_1),
        restorer_optimizer=FusedAdam(rate, training.beta_1),
        discriminator_optimizer=FusedAdam(rate / 5, training.beta_1),
    )
    return model, _bits(settings)


def _name_classes(classifier: keras.Model, protector: keras.Model) -> None:
    """Lets a bottleneck's word be that of the class which h_theta finds likeliest.

    Under noise there are few words, and training would let classes share one: gradients that pass
    a word by lose within twenty steps what the words tell. So each class has a word of its own
    while there are enough, and what finds the word is trained no further.
    """
    kernel, bias = classifier.get_layer("logits").get_weights()
    before, spare = protector.get_layer("code").get_weights()
    if kernel.shape[0] != before.shape[0]:
        return  # Of another image size, the last stage's map is another.
    words = len(spare)
    word_of = np.eye(words, dtype=np.float32)[np.arange(len(bias)) % words]
    unused = (word_of.sum(axis=0) == 0) * _UNLIKELY
    code = protector.get_layer("code")
    code.set_weights([kernel @ word_of, bias @ word_of + unused])
    for layer in protector.layers[: protector.layers.index(code) + 1]:
        layer.trainable = False


def _bits(settings: TrainingSettings) -> dict[str, Any]:
    networks, privacy = settings.transformation.networks, settings.privacy
    if networks.protector_network != "bottleneck":
        return {}
    bits = "most_bits_a_protected_image_holds"
    if privacy.epsilon:
        return {bits: math.log2(privacy.choices), "privacy_epsilon": privacy.epsilon}
    return {bits: code_bits(networks.code_size, networks.code_levels)}


def _perceptual_cap(
    wanted: float | str,
    features: keras.Model,
    dataset: ImageDataset,
    preliminary: PreliminaryImages,
) -> float | None:
    """The bound of a feature loss: by default the distance that P already has, its median."""
    if wanted == "off":
        return None
    if wanted != "measured":
        return float(wanted)
    some = slice(_IMAGES_TO_MEASURE_CAP)
    plain = as_floats(dataset.train_images[preliminary.sources[some]])
    protected = as_floats(preliminary.images[some])
    see = inference(features)
    distances = [
        keras.ops.convert_to_numpy(feature_loss(see(x), see(x_p)))
        for x, x_p in zip(in_batches(plain, 64), in_batches(protected, 64), strict=True)
    ]
    return float(np.median(np.concatenate(distances)))
