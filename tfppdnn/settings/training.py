"""Settings of the paper's scheme, a group a stage; the defaults are the paper's.

What the paper leaves open has a default of ours.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic.dataclasses import dataclass

from tfppdnn.settings.group import CHECKED, Group
from tfppdnn.settings.run import RunSettings
from tfppdnn.settings.values import (
    AllOrSome,
    Count,
    Depth,
    OfAnImage,
    Positive,
    ThreeNumbers,
    Weight,
    all_or_at_least,
    number,
    whole_number,
)


def _positive_cap(value: float | str) -> float | str:
    if not isinstance(value, str) and value <= 0:
        raise ValueError
    return value


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class ReferenceSettings(Group):
    """The reference classifier h_theta (Section III-B, IV-B).

    Attributes:
        width: Multiplies VGG13-BN's channels.
        epochs: Epochs of the reference classifier.
        batch_size: Its batch size.
        learning_rate: Its highest learning rate (SGD; rising over the first epoch, then falling
            along a cosine to 0).
        weight_decay: Share of the weights that each step takes off, times the learning rate. A
            decay of the gradient, as other libraries count it, is a tenth of this.
        label_smoothing: Share of a label that is spread over all classes.
    """

    PREFIX: ClassVar[str] = "reference_"

    width: Positive = 1.0
    epochs: Count = 200
    batch_size: Count = 128
    learning_rate: Positive = 0.05
    weight_decay: Weight = 5e-4
    label_smoothing: number(0.0, 0.9) = 0.0


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class PreliminarySettings(Group):
    """The preliminary protected images P (Eq. 1-3).

    Attributes:
        images: Training images to make P from; 0 for all.
        epsilon: Radius of the perturbation set (Eq. 2), in [0, 1].
        step_size: alpha of Eq. 3, in [0, 1].
        iterations: Steps of the projected gradient descent.
        random_start: Whether it starts at a random point of the ball.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"images": "preliminary_images"}

    images: all_or_at_least(2) = 0
    epsilon: OfAnImage = 1.0
    step_size: OfAnImage = 0.1
    iterations: Count = 50
    random_start: bool = True


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class CycleGANObjective(Group):
    """The paper's objective, whose restorer is the protector's partner (Section III-C).

    Attributes:
        lambda_: Weight of the adversarial losses (Eq. 4).
        gamma: Weights of the perceptual, classification and reconstruction losses (Eq. 5).
        perceptual_cap: Bound of an image's feature loss: a number, `measured` (the median
            over x and P) or `off` (the paper's form).
        perceptual_weights: See `tfppdnn.models.perceptual.perceptual_features`.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"name": "objective"}

    name: Literal["cyclegan"] = "cyclegan"
    lambda_: Weight = 0.4
    gamma: ThreeNumbers = (-1.0, 0.4, 0.9)
    perceptual_cap: Annotated[
        float | Literal["measured", "off"], AfterValidator(_positive_cap), "must be greater than 0"
    ] = "measured"
    perceptual_weights: str | None = None


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class HardenedObjective(Group):
    """An objective of ours, whose restorer is the protector's enemy.

    Attributes:
        lambda_: Weight of the adversarial loss (Eq. 4).
        classification_weight: Weight of h_theta's cross entropy on protected images (Eq. 8).
        feature_weight: Weight of the features that protected images miss.
        feature_stages: Stages of h_theta, from the last, whose averages those are.
        hiding_weight: Weight of what the restorer gets back.
    """

    OPTIONS: ClassVar[dict[str, str]] = {"name": "objective"}

    name: Literal["hardened"] = "hardened"
    lambda_: Weight = 0.3
    classification_weight: Weight = 0.5
    feature_weight: Weight = 6.0
    feature_stages: whole_number(1, 5) = 2
    hiding_weight: Weight = 2.0


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class NetworkSettings(Group):
    """The networks that the transformation is learnt by (Section III-C, IV-B).

    Attributes:
        protector_network: The protector's network: `unet` (the paper's) or `bottleneck` (a short
            code, and a picture drawn from it).
        code_size: Numbers in the bottleneck's code.
        code_levels: Values that each of them can take.
        decoder_width: Channels of the bottleneck's decoder at full resolution.
        restorer_width: Channels of the first convolution of what learns to undo a bottleneck.
        generator_width: Channels of both U-Nets at full resolution.
        generator_depth: Resolutions of both U-Nets.
        generator_norm: `instance`, or `batch` (computed in 8-bit integers by the int8 file,
            but its running statistics mix plain images with restored ones).
        discriminator_width: Channels of both PatchGANs' first layer.
        discriminator_strided_layers: Their convolutions of stride 2.
    """

    protector_network: Literal["unet", "bottleneck"] = "unet"
    code_size: Count = 32
    code_levels: whole_number(2, 256) = 8
    decoder_width: Count = 64
    restorer_width: Count = 32
    generator_width: Count = 64
    generator_depth: Depth = 5
    generator_norm: Literal["instance", "batch"] = "instance"
    discriminator_width: Count = 64
    discriminator_strided_layers: whole_number(1, 6) = 2


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class TransformationSettings(Group):
    """The training of the transformation network h_p (Section III-C, IV-B).

    Attributes:
        objective: What the transformation network is trained for: `cyclegan` (the paper's, whose
            restorer is the protector's partner) or `hardened` (whose restorer is its enemy).
        networks: What it is made of.
        steps: Training steps of the transformation network; 0 to count epochs instead.
        epochs: Its epochs, where steps are 0.
        batch_size: Its batch size.
        learning_rate: Adam's learning rate.
        beta_1: Adam's beta_1.
        pool_size: Earlier fakes that each discriminator is shown.
    """

    PREFIX: ClassVar[str] = "transform_"
    OPTIONS: ClassVar[dict[str, str]] = {"pool_size": "pool_size", "objective": "objective"}

    objective: CycleGANObjective | HardenedObjective = CycleGANObjective()
    networks: NetworkSettings = NetworkSettings()
    steps: AllOrSome = 0
    epochs: Count = 5000
    batch_size: Count = 16
    learning_rate: Positive = 2e-4
    beta_1: Annotated[float, Field(ge=0, lt=1), "must be from 0 to below 1"] = 0.5
    pool_size: Count = 50

    @model_validator(mode="after")
    def _fits(self) -> TransformationSettings:
        if self.pool_size < self.batch_size:
            raise ValueError(
                f"--pool_size={self.pool_size}: must be --transform_batch_size "
                f"({self.batch_size}) or more"
            )
        if self.objective.name == "hardened" and self.batch_size == 1:
            raise ValueError(
                "--transform_batch_size=1: the hardened objective compares the pictures of a "
                "batch; give 2 or more"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class TrainingSettings(RunSettings):
    """All settings of a run whose h_p is trained as a transformation network (Section III).

    Attributes:
        reference: The reference classifier.
        preliminary: The preliminary protected images.
        transformation: The transformation network and its objective.
    """

    reference: ReferenceSettings = ReferenceSettings()
    preliminary: PreliminarySettings = PreliminarySettings()
    transformation: TransformationSettings = TransformationSettings()

    @model_validator(mode="after")
    def _fits(self) -> TrainingSettings:
        size, networks = self.data.image_size, self.transformation.networks
        if self.privacy.epsilon:
            _check_private(self)
        if networks.protector_network == "bottleneck" and size % 8:
            raise ValueError(
                f"--image_size={size}: must be a multiple of 8 for --protector_network=bottleneck"
            )
        # Two convolutions of stride 1 follow, each one pixel smaller.
        if size // 2**networks.discriminator_strided_layers < 3:
            raise ValueError(
                f"--discriminator_strided_layers={networks.discriminator_strided_layers}: nothing "
                f"is left of images of {size} pixels; give fewer"
            )
        return self


def _check_private(settings: TrainingSettings) -> None:
    epsilon, transformation = settings.privacy.epsilon, settings.transformation
    needed = "--protector_network=bottleneck --objective=hardened"
    if transformation.networks.protector_network != "bottleneck":
        raise ValueError(f"--privacy_epsilon={epsilon:g}: only a code can be random; add {needed}")
    if transformation.objective.name != "hardened":
        raise ValueError(
            f"--privacy_epsilon={epsilon:g}: the paper's objective has no noise; add {needed}"
        )
    if settings.privacy.words > 1:
        raise ValueError(
            f"--privacy_words={settings.privacy.words}: a bottleneck has one word; give more "
            "--privacy_choices"
        )


OF_STAGE = {
    "reference_classifier": ("data", "computing", "reference"),
    "preliminary_images": ("data", "computing", "reference", "preliminary"),
    "transformation_network": (
        *("data", "computing", "reference", "preliminary"),
        *("privacy", "transformation"),
    ),
    "classifier": ("data", "computing", "measuring", "classifier"),
}
"""The groups that what a stage makes depends on: its own, and those of the stages before it."""
