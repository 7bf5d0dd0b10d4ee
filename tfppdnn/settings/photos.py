"""Settings of an h_p for photographs: a trained trunk, and a code of what it sees."""

from __future__ import annotations

from typing import ClassVar

from pydantic.dataclasses import dataclass

from tfppdnn.settings.group import CHECKED, Group
from tfppdnn.settings.run import RunSettings
from tfppdnn.settings.values import Count, ImageSize, Positive, Weight, whole_number


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class TrunkSettings(Group):
    """The trained network that h_p sees with.

    Attributes:
        source: Where the trunk comes from: nothing for that of the protector `photos` that ships,
            a `.keras` file of any model from pictures to features, a `.npz` file of
            EfficientNet-Lite0's published weights, a name of `keras.applications`, or a preset of
            keras-hub (by its name or folder, where keras-hub is installed).
        size: Height and width that it sees every picture at, whatever size is drawn.
    """

    PREFIX: ClassVar[str] = "trunk_"
    OPTIONS: ClassVar[dict[str, str]] = {"source": "trunk"}

    source: str | None = None
    size: ImageSize = 128


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class CodeSettings(Group):
    """The code that h_p keeps of what the trunk sees.

    Attributes:
        size: Numbers in the code.
        levels: Values that each of them can take.
        hiding_weight: Weight of what a restorer gets back.
        label_weight: Weight of what tells the training's classes apart.
    """

    PREFIX: ClassVar[str] = "code_"
    size: Count = 192
    levels: whole_number(2, 256) = 8
    hiding_weight: Weight = 0.3
    label_weight: Weight = 0.0


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class HeadSettings(Group):
    """The classifiers that measure what is kept: one hidden layer on features, and on codes.

    Attributes:
        width: Units of the hidden layer.
        epochs: Epochs of either.
        batch_size: Batch size.
        learning_rate: Initial learning rate (AdamW, cosine decay to 0).
    """

    PREFIX: ClassVar[str] = "head_"

    width: Count = 512
    epochs: Count = 15
    batch_size: Count = 128
    learning_rate: Positive = 1e-3


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class PhotoSettings(RunSettings):
    """All settings of a run whose h_p is made of a trunk.

    Attributes:
        trunk: What h_p sees with.
        code: What it keeps.
        head: What measures that.
    """

    trunk: TrunkSettings = TrunkSettings()
    code: CodeSettings = CodeSettings()
    head: HeadSettings = HeadSettings()
