"""Settings of `train` and `classify`, at three scales and for two objectives."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar

from tfppdnn.errors import UserError
from tfppdnn.settings import checking as settings
from tfppdnn.settings.checking import (
    COUNT,
    Rule,
    Settings,
    between,
    number_or,
    one_of,
    three_finite_numbers,
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Preset(Settings):
    """The settings of a run; the defaults are the paper's, or what it leaves open.

    Attributes:
        image_size: Height and width of the training images, in pixels.
        test_images: Test images that figures are measured on; 0 for all.
        augment_flip: Whether augmentation flips images; the embedded digits never are.
            It always crops, with padding 4.

        reference_width: Multiplies VGG13-BN's channels.
        reference_epochs: Epochs of the reference classifier.
        reference_batch_size: Its batch size.
        reference_learning_rate: Its initial learning rate (SGD, cosine decay to 0).

        preliminary_images: Training images to make P from; 0 for all.
        epsilon: Radius of the perturbation set (Eq. 2), in [0, 1].
        step_size: alpha of Eq. 3, in [0, 1].
        iterations: Steps of the projected gradient descent.
        random_start: Whether it starts at a random point of the ball.

        objective: What the transformation network is trained for: `cyclegan` (the paper's, whose
            restorer is the protector's partner) or `hardened` (whose restorer is its enemy).
        protector_network: The protector's network: `unet` (the paper's) or `bottleneck` (a short
            code, and a picture drawn from it).
        code_size: Numbers in the bottleneck's code.
        code_levels: Values that each of them can take.
        decoder_width: Channels of the bottleneck's decoder at full resolution.
        generator_width: Channels of both U-Nets at full resolution.
        generator_depth: Resolutions of both U-Nets.
        generator_norm: `instance`, or `batch` (computed in 8-bit integers by the int8 file,
            but its running statistics mix plain images with restored ones).
        discriminator_width: Channels of both PatchGANs' first layer.
        discriminator_strided_layers: Their convolutions of stride 2.
        perceptual_weights: See `tfppdnn.models.perceptual.perceptual_features`.
        lambda_: Weight of the adversarial losses (Eq. 4).
        gamma: Weights of the perceptual, classification and reconstruction losses (Eq. 5).
        feature_weight: Weight of the features that protected images miss (hardened).
        feature_stages: Stages of h_theta, from the last, whose averages those are (hardened).
        hiding_weight: Weight of what the restorer gets back (hardened).
        perceptual_cap: Bound of an image's feature loss: a number, `measured` (the median
            over x and P) or `off` (the paper's form).
        transform_steps: Training steps of the transformation network; 0 to count epochs instead.
        transform_epochs: Its epochs, where steps are 0.
        transform_batch_size: Its batch size.
        transform_learning_rate: Adam's learning rate.
        transform_beta_1: Adam's beta_1.
        pool_size: Earlier fakes that each discriminator is shown.

        classifier_width: Multiplies ResNet-18's channels.
        classifier_epochs: Epochs of `classify`.
        classifier_batch_size: Its batch size.
        classifier_learning_rate: Its initial learning rate, divided by 5 at 30%, 60% and
            80% of the epochs (60, 120 and 160 of 200).

        steps_per_round: Most steps between two checkpoints.
        mixed_precision: Whether to compute in bfloat16.
    """

    image_size: int = 32
    test_images: int = 0
    augment_flip: bool = True

    reference_width: float = 1.0
    reference_epochs: int = 200
    reference_batch_size: int = 128
    reference_learning_rate: float = 0.05

    preliminary_images: int = 0
    epsilon: float = 1.0
    step_size: float = 0.1
    iterations: int = 50
    random_start: bool = True

    objective: str = "cyclegan"
    protector_network: str = "unet"
    code_size: int = 32
    code_levels: int = 8
    decoder_width: int = 64
    generator_width: int = 64
    generator_depth: int = 5
    generator_norm: str = "instance"
    discriminator_width: int = 64
    discriminator_strided_layers: int = 2
    perceptual_weights: str | None = None
    lambda_: float = 0.4
    gamma: tuple[float, float, float] = (-1.0, 0.4, 0.9)
    perceptual_cap: float | str = "measured"
    feature_weight: float = 1.0
    feature_stages: int = 2
    hiding_weight: float = 1.0
    transform_steps: int = 0
    transform_epochs: int = 5000
    transform_batch_size: int = 16
    transform_learning_rate: float = 2e-4
    transform_beta_1: float = 0.5
    pool_size: int = 50

    classifier_width: float = 1.0
    classifier_epochs: int = 200
    classifier_batch_size: int = 128
    classifier_learning_rate: float = 0.1

    steps_per_round: int = 500
    mixed_precision: bool = False

    RULES: ClassVar[Mapping[str, Rule]] = {
        "objective": one_of("cyclegan", "hardened"),
        "protector_network": one_of("unet", "bottleneck"),
        "code_levels": between(1, 256, "must be from 2 to 256"),
        "feature_weight": between(-1e-9, math.inf, "must be 0 or more"),
        "feature_stages": between(0, 5, "must be from 1 to 5"),
        "hiding_weight": between(-1e-9, math.inf, "must be 0 or more"),
        "generator_norm": one_of("instance", "batch"),
        "perceptual_cap": number_or("measured", "off"),
        "epsilon": between(0, 1, "must be greater than 0 and at most 1 (images lie in [0, 1])"),
        "step_size": between(0, 1, "must be greater than 0 and at most 1 (images lie in [0, 1])"),
        "image_size": between(31, 4096, "must be from 32 to 4096"),
        "test_images": COUNT,
        "preliminary_images": COUNT,
        "transform_steps": COUNT,
        "lambda_": between(-1e-9, math.inf, "must be 0 or more"),
        "generator_depth": between(0, 8, "must be from 1 to 8"),
        "discriminator_strided_layers": between(0, 6, "must be from 1 to 6"),
        "transform_beta_1": between(-1e-9, 0.9999, "must be from 0 to below 1"),
        "gamma": three_finite_numbers,
    }

    def __post_init__(self):
        super().__post_init__()
        if self.pool_size < self.transform_batch_size:
            raise UserError(
                f"--pool_size={self.pool_size}: must be --transform_batch_size "
                f"({self.transform_batch_size}) or more"
            )
        if self.objective == "hardened" and self.transform_batch_size == 1:
            raise UserError(
                "--transform_batch_size=1: the hardened objective compares the pictures of a "
                "batch; give 2 or more"
            )
        for name in ("test_images", "preliminary_images"):
            if getattr(self, name) == 1:
                raise UserError(f"--{name}=1: must be 0 (for all), or 2 or more")
        if self.protector_network == "bottleneck" and self.image_size % 8:
            raise UserError(
                f"--image_size={self.image_size}: must be a multiple of 8 for "
                "--protector_network=bottleneck"
            )
        # Two convolutions of stride 1 follow, each one pixel smaller.
        if self.image_size // 2**self.discriminator_strided_layers < 3:
            raise UserError(
                f"--discriminator_strided_layers={self.discriminator_strided_layers}: nothing is "
                f"left of images of {self.image_size} pixels; give fewer"
            )


@dataclasses.dataclass(frozen=True, kw_only=True)
class Quick(Preset):
    """Digits on two CPU cores, to see everything work once.

    python -m tfppdnn train

    Expected, in one and a half minutes (results/quick-digits): the reference classifier is right
    about 97.7% of plain and 84.3% of protected test digits; ResNet-18 trained on protected
    digits (`classify`) reaches 96.3%, on plain ones 97.3%. SSIM 0.05; orientation agreement
    0.42, by chance 0.09.
    """

    reference_width: float = 0.25
    reference_epochs: int = 8
    reference_batch_size: int = 32
    reference_learning_rate: float = 0.05

    preliminary_images: int = 512

    generator_width: int = 8
    generator_depth: int = 4
    discriminator_width: int = 16
    lambda_: float = 5.0
    gamma: tuple[float, float, float] = (-1.0, 1.0, 0.9)
    transform_steps: int = 600
    transform_batch_size: int = 8
    transform_learning_rate: float = 1e-3

    classifier_width: float = 0.25
    classifier_epochs: int = 10
    classifier_batch_size: int = 32
    classifier_learning_rate: float = 0.05

    steps_per_round: int = 100


@dataclasses.dataclass(frozen=True, kw_only=True)
class Cpu(Preset):
    """CIFAR-10 on two CPU cores.

    python -m tfppdnn train --preset=cpu --dataset=cifar10 --data_dir=DIR

    Expected, in about an hour on a busy machine (results/cpu-cifar10): the
    reference classifier is right about 82.0% of plain and 35.3% of protected test pictures;
    ResNet-18 trained on protected pictures (`classify`) reaches 54.2%, on plain ones
    69.9%. SSIM -0.05; contour correlation 0.28, by chance 0.16.
    """

    reference_width: float = 0.375
    reference_epochs: int = 8
    reference_batch_size: int = 64
    reference_learning_rate: float = 0.02

    preliminary_images: int = 10_000

    generator_width: int = 16
    generator_depth: int = 4
    discriminator_width: int = 32
    lambda_: float = 3.0
    gamma: tuple[float, float, float] = (-1.0, 1.0, 0.9)
    transform_steps: int = 7_000

    classifier_width: float = 0.25
    classifier_epochs: int = 4


@dataclasses.dataclass(frozen=True, kw_only=True)
class Hardened(Cpu):
    """CIFAR-10 on two CPU cores, hidden from whoever owns the protector too.

    python -m tfppdnn train --preset=hardened --dataset=cifar10 --data_dir=DIR

    Expected, in about an hour (results/hardened-cifar10, and the card of the protector `cifar10`
    that ships): the reference classifier is right about 81.4% of plain and 80.7% of protected
    test pictures; ResNet-18 trained on protected pictures reaches 81.0% after two epochs, on
    plain ones 58.8%. What the protector's owner gets back has an affine SSIM of 0.19 (the mean
    picture 0.16), and 1.1% is matched.
    """

    objective: str = "hardened"
    protector_network: str = "bottleneck"
    decoder_width: int = 16
    lambda_: float = 0.3
    gamma: tuple[float, float, float] = (-1.0, 0.5, 0.9)
    feature_weight: float = 6.0
    hiding_weight: float = 2.0
    transform_steps: int = 4_000
    transform_batch_size: int = 64
    transform_learning_rate: float = 1e-3
    pool_size: int = 64


@dataclasses.dataclass(frozen=True, kw_only=True)
class Paper(Preset):
    """Every number of the paper, and full-width networks. Needs an accelerator.

    python -m tfppdnn train --preset=paper --dataset=cifar10 --data_dir=DIR --out=runs/paper

    Expected (Table I of the paper): `classify` 90.73% on CIFAR-10, 67.36% on CIFAR-100;
    SSIM 0.0956 after the GAN attack. It was not trained here to its end: 5,000 epochs of
    50,000 images are 15.6 million steps. That it builds and runs is tested.
    """

    mixed_precision: bool = True
    steps_per_round: int = 3125  # An epoch; every 500 steps would be 31,000 checkpoints.


PRESETS: dict[str, type[Preset]] = {
    "quick": Quick,
    "cpu": Cpu,
    "hardened": Hardened,
    "paper": Paper,
}


def make_preset(name: str, overrides: dict[str, Any] | None = None) -> Preset:
    """Makes a preset with some of its values replaced.

    Args:
        name: A key of `PRESETS`.
        overrides: Values by field name, as the command line gives them.

    Returns:
        The preset.

    Raises:
        UserError: No such preset or field, or a value of the wrong type or out of range.
    """
    return settings.make(PRESETS, name, overrides)


def settings_help() -> str:
    """Lists every setting with its meaning and its value in each preset, for `--help`."""
    return settings.explained(Preset, PRESETS)
