"""What the JSON files of a run hold, checked whenever one is read.

Damage that leaves JSON valid, by an editor or a script, is named here with its file, and not by
whatever stumbles over it later. More than is listed may be there: only what is read is checked.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from tfppdnn.errors import UserError
from tfppdnn.files import read_json
from tfppdnn.settings import PRESETS, recorded
from tfppdnn.settings.audit import AUDIT_PRESETS

Count = Annotated[int, Field(ge=0, le=2**53)]
Share = Annotated[float, Field(ge=0, le=1)]
Finite = Annotated[float, Field(allow_inf_nan=False)]


class Part(BaseModel):
    """An object in one of the files; a field with a default may be missing, and no other."""

    model_config = ConfigDict(strict=True, extra="allow")


class IntervalRecord(Part):
    """An `Interval` of `tfppdnn.leakage`."""

    model_config = ConfigDict(extra="forbid")

    mean: Finite
    low: Finite
    high: Finite
    count: Count


Leakage = dict[str, IntervalRecord]
"""What `tfppdnn.leakage.figure.to_record` writes."""


class _Step(Part):
    __pydantic_extra__: dict[str, float]

    step: Count


_History = list[_Step] | None


class _Reference(Part):
    test_accuracy: Share = 0.0
    test_images: Count = 0
    guessing: Share = 0.0
    parameters: Count = 0
    history: _History = None


class _Preliminary(Part):
    images: Count = 0
    accuracy: Share = 0.0
    leakage: Leakage | None = None
    history: _History = None


class _Transformation(Part):
    steps: Count | None = None
    pairs_seen: Count | None = None
    perceptual_features: str | None = None
    perceptual_cap: Finite | None = None
    protector_parameters: Count = 0
    most_bits_a_protected_image_holds: Annotated[float, Field(ge=0, le=2**20)] | None = None
    privacy_epsilon: Annotated[float, Field(ge=0, le=2**20)] | None = None
    history: _History = None
    trunk: str = ""
    trunk_licence: str | None = None
    trunk_parameters: Count = 0
    words: Count = 0
    choices: Count = 0
    numbers: Count = 0
    levels: Count = 0
    share_of_features_kept: Share = 0.0
    share_of_pictures_restored: Finite = 0.0

    @model_validator(mode="after")
    def _whole(self) -> _Transformation:
        found = self.model_fields_set
        if "trunk" in found:
            wanted = {"trunk_parameters", "numbers", "share_of_features_kept"}
            wanted |= {"choices"} if "words" in found else {"levels", "share_of_pictures_restored"}
            if wanted - found:
                raise ValueError(f"{min(wanted - found)} is missing")
        return self


class _Protector(Part):
    test_images: Count
    reference_accuracy_on_protected: Share
    reference_accuracy_on_plain: Share
    leakage: Leakage | None = None
    restored_leakage: Leakage | None = None
    photographs_leakage: Leakage | None = None
    class_leakage: Leakage | None = None


class _File(Part):
    bytes: Count | None = None
    max_difference: Count | None = None
    mean_difference: Finite | None = None
    share_differing: Finite | None = None
    values: Count | None = None
    accuracy: Share = 0.0
    accuracy_of_float: Share | None = None


class _Errs(Part):
    protected_refused: Share | None = None
    plain_let_through: Share | None = None


class _Kind(Part):
    share: Share
    images: Count
    taught: bool


class _Gate(_Errs):
    steps: Count | None = None
    images: Count | None = None
    before_teaching: _Errs = _Errs()
    other_kinds: dict[str, dict[str, _Kind]] = Field(default_factory=dict)


class Classified(Part):
    """What `classify` records of one classifier."""

    test_accuracy: Share
    test_images: Count
    network: Annotated[str, Field(pattern="^(resnet18|dense)$")] = "resnet18"
    epochs: Count = 0
    history: _History = None


class _Reused(Part):
    run: str
    stages: list[str] = Field(default_factory=list)


class Metrics(Part):
    """`metrics.json`: figures by stage, of which any may be missing."""

    __pydantic_extra__: dict[str, dict[str, Any]]

    reference_classifier: _Reference = _Reference()
    preliminary_images: _Preliminary = _Preliminary()
    transformation_network: _Transformation = _Transformation()
    protector: _Protector | None = None
    export: dict[str, _File] = Field(default_factory=dict)
    gate: _Gate | None = None
    train: dict[str, Any] = Field(default_factory=dict)
    classify: dict[str, Classified] = Field(default_factory=dict)
    reused: _Reused | None = None


class _Dataset(Part):
    name: str
    version: str = ""
    image_size: Annotated[int, Field(ge=1, le=2**16)] = 32
    classes: Annotated[int, Field(ge=1, le=2**31)] = 2
    train_images: Count = 0
    test_images: Count = 0


class Config(Part):
    """`config.json` of a run of any verb."""

    verb: str = "train"
    protector: str | None = None
    preset: str | None = None
    settings: dict[str, Any]
    dataset: _Dataset
    seed: Annotated[int, Field(ge=0, lt=2**31)]
    data_dir: str | None = None
    skip_bad: bool = False
    versions: dict[str, str] = Field(default_factory=dict)
    machine: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _made_by_us(self) -> Config:
        if self.preset not in {None, *PRESETS, *AUDIT_PRESETS}:
            raise ValueError(f"there is no preset {self.preset}")
        if self.verb in ("train", "classify", "frontier"):
            try:
                recorded(self.settings)
            except UserError as error:
                raise ValueError(str(error)) from None
        return self


class _Took(Part):
    wall: Finite
    cpu: Finite


class Seconds(Part):
    """`seconds.json`, see `tfppdnn.timing`."""

    __pydantic_extra__: dict[str, _Took]


def read_record(path: str | os.PathLike[str], kind: type[Part]) -> dict[str, Any]:
    """Reads a JSON file of a run.

    Args:
        path: The file.
        kind: What it holds.

    Returns:
        What is in it, as it is there.

    Raises:
        UserError: It is missing, cannot be read, or is damaged; what is wrong in it is named.
    """
    mend = f"restore it, or delete {Path(path).parent} to begin again"
    content = read_json(path, mend=mend)
    check_record(content, kind, path, mend=mend)
    return content


def check_record(
    content: Any, kind: type[Part], path: str | os.PathLike[str], *, mend: str
) -> None:
    """Checks what was read from a file.

    Args:
        content: Of the file.
        kind: What it should hold.
        path: The file.
        mend: What the message tells the user to do.

    Raises:
        UserError: It is damaged.
    """
    try:
        kind.model_validate(content)
    except ValidationError as error:
        raise UserError(f"{path} is damaged: {_in_words(error.errors()[0])}; {mend}") from None


def _in_words(error: ErrorDetails) -> str:
    place = ".".join(map(str, error["loc"]))
    if error["type"] == "missing":
        return f"{place} is missing"
    if error["type"] == "value_error":  # Of ours, which say it all.
        said = str(error["ctx"]["error"])
        return f"{place}: {said}" if place else said
    # Which classes read it is no matter of the user's.
    said = re.sub(" or instance of \\w+", "", error["msg"].removeprefix("Input "))
    return f"{place} {said}"
