"""Settings that every run has, however its h_p is made: its pictures, its gate, its classifier."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import model_validator
from pydantic.dataclasses import dataclass

from tfppdnn.settings.group import CHECKED, Group
from tfppdnn.settings.values import (
    Count,
    ImageSize,
    Positive,
    Weight,
    all_or_at_least,
    whole_number,
)


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class DataSettings(Group):
    """What all stages see.

    Attributes:
        image_size: Height and width of the training images, in pixels.
        augment_flip: Whether augmentation flips images; the embedded digits never are.
            It always crops, with padding 4.
    """

    image_size: ImageSize = 32
    augment_flip: bool = True


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class ComputingSettings(Group):
    """How all stages are computed.

    Attributes:
        steps_per_round: Most steps between two checkpoints.
        mixed_precision: Whether to compute in bfloat16.
    """

    steps_per_round: Count = 500
    mixed_precision: bool = False


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class MeasuringSettings(Group):
    """What figures are measured on.

    Attributes:
        test_images: Test images that figures are measured on; 0 for all.
    """

    test_images: all_or_at_least(2) = 0


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class PrivacySettings(Group):
    """Few words that name a picture, and noise: they bound what anybody learns of it.

    Attributes:
        epsilon: Of the local differential privacy of one protected picture, by noise that is drawn
            anew for each; 0 for no noise.
        words: Words that name a photograph, in place of numbers; 0 for one for each 8 of epsilon,
            or none without noise. A bottleneck has one, and only under noise.
        choices: Values of each word, a power of 2.
    """

    PREFIX: ClassVar[str] = "privacy_"

    epsilon: Weight = 0.0
    words: whole_number(0, 16) = 0
    choices: whole_number(2, 4096) = 64

    @property
    def words_of_photos(self) -> int:
        """How many words name a picture that a trunk sees; 0 if numbers do."""
        return self.words or (max(1, round(self.epsilon / 8)) if self.epsilon else 0)

    @model_validator(mode="after")
    def _fits(self) -> PrivacySettings:
        if self.choices & (self.choices - 1):
            raise ValueError(
                f"--privacy_choices={self.choices}: must be a power of 2, as 64 and 256 are"
            )
        return self


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class GateSettings(Group):
    """The gate, which tells protected images from plain ones.

    Attributes:
        steps: Most steps that the gate is taught for; two passes over the images, if that is
            less.
        batch_size: Its batch size.
    """

    PREFIX: ClassVar[str] = "gate_"

    steps: Count = 400
    batch_size: Count = 32


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class ClassifierSettings(Group):
    """The cloud's classifier (Section IV-D).

    Attributes:
        network: `resnet18` (the paper's), or `dense` (one hidden layer, for pictures of a code,
            whose tiles have no neighbours).
        augment: Whether pictures are cropped and flipped anew for every epoch, and then protected;
            otherwise, and by a protector that draws noise, each is protected once, as it is.
        width: Multiplies ResNet-18's channels, or 512 units of the dense network.
        epochs: Epochs of `classify`.
        batch_size: Its batch size.
        learning_rate: Its highest learning rate; that of the dense network falls to 0.
        schedule: How that of ResNet-18 falls: `steps` (the paper's: divided by 5 at 30%, 60% and
            80% of the epochs, 60, 120 and 160 of 200) or `cosine` (it rises over the first epoch
            and falls along a cosine to 0, which gets further in few epochs).
    """

    PREFIX: ClassVar[str] = "classifier_"

    network: Literal["resnet18", "dense"] = "resnet18"
    augment: bool = True
    width: Positive = 1.0
    epochs: Count = 200
    batch_size: Count = 128
    learning_rate: Positive = 0.1
    schedule: Literal["steps", "cosine"] = "steps"


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class RunSettings(Group):
    """What all kinds of runs have.

    Attributes:
        data: What all stages see.
        computing: How all stages are computed.
        measuring: What figures are measured on.
        privacy: Words and noise that bound what anybody learns of a picture.
        gate: The gate.
        classifier: The cloud's classifier.
    """

    data: DataSettings = DataSettings()
    computing: ComputingSettings = ComputingSettings()
    measuring: MeasuringSettings = MeasuringSettings()
    privacy: PrivacySettings = PrivacySettings()
    gate: GateSettings = GateSettings()
    classifier: ClassifierSettings = ClassifierSettings()

    def trained(self) -> dict[str, Any]:
        """The options that h_p depends on; those of the classifier may differ later."""
        later = self.options("classifier")
        return {name: value for name, value in self.options().items() if name not in later}
