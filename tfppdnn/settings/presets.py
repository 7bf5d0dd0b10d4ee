"""Presets: all settings of a run, at three scales for either objective, and for photographs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.settings.group import explained, unknown_option
from tfppdnn.settings.photos import PhotoSettings
from tfppdnn.settings.run import ClassifierSettings, ComputingSettings, DataSettings, RunSettings
from tfppdnn.settings.training import (
    CycleGANObjective,
    HardenedObjective,
    NetworkSettings,
    PreliminarySettings,
    ReferenceSettings,
    TrainingSettings,
    TransformationSettings,
)

OBJECTIVES = ("cyclegan", "hardened")
"""What a protector can be trained for: the paper's, and ours."""

_BY_DEFAULT = {"quick": "hardened", "hardened": "hardened"}


def quick(objective: str = "hardened") -> TrainingSettings:
    """Digits on two CPU cores, to see everything work once.

    python -m tfppdnn train

    Expected, in some three minutes of two cores without AVX-512 (results/quick-digits): the
    reference classifier is right about 98.0% of plain and 98.3% of protected test digits. SSIM
    0.02; orientation agreement 0.21, by chance 0.08. By SSIM the training's restorer gets back less
    than the class tells.

    With --objective=cyclegan, the paper's, in some five CPU minutes (results/quick-digits-paper):
    87.0% of protected ones; ResNet-18 trained on protected digits (`classify`) reaches 95.0%, on
    plain ones 97.3%. Orientation agreement 0.30, by chance 0.08.
    """
    networks = NetworkSettings(generator_width=8, generator_depth=4, discriminator_width=16)
    if objective == "hardened":
        transformation = _hardened(
            # Digits need few bits: 16 keep the accuracy that 96 keep, and show less.
            dataclasses.replace(networks, code_size=8, code_levels=4, restorer_width=16),
            HardenedObjective(lambda_=1.0, feature_weight=2.0),
            decoder_width=8,
            steps=280,
            batch_size=32,
        )
    else:
        transformation = TransformationSettings(
            objective=CycleGANObjective(lambda_=5.0, gamma=(-1.0, 1.0, 0.9)),
            networks=networks,
            steps=1_500,
            batch_size=16,
            learning_rate=1e-3,
        )
    return TrainingSettings(
        computing=ComputingSettings(steps_per_round=100),
        reference=ReferenceSettings(width=0.25, epochs=8, batch_size=32),
        preliminary=PreliminarySettings(images=512),
        transformation=transformation,
        classifier=ClassifierSettings(width=0.25, epochs=10, batch_size=32, learning_rate=0.05),
    )


def cpu(objective: str = "cyclegan") -> TrainingSettings:
    """CIFAR-10 on two CPU cores.

    python -m tfppdnn train --preset=cpu --dataset=cifar10 --data_dir=DIR

    Expected, in about an hour on a busy machine (results/cpu-cifar10): the
    reference classifier is right about 82.0% of plain and 35.3% of protected test pictures;
    ResNet-18 trained on protected pictures (`classify`) reaches 54.2%, on plain ones
    69.9%. SSIM -0.05; contour correlation 0.28, by chance 0.16.

    With --objective=hardened h_p hides from whoever owns it, too. Expected, in about an hour
    (results/hardened-cifar10; the `cifar10` that ships was trained for two): the reference
    classifier is right about 81.4% of plain and 80.7% of protected test pictures; ResNet-18
    trained on protected pictures reaches 81.0% after two epochs, on plain ones 58.8%. What the
    protector's owner gets back has an affine SSIM of 0.19 (the mean picture 0.16), and 1.1% is
    matched.
    """
    networks = NetworkSettings(generator_width=16, generator_depth=4, discriminator_width=32)
    if objective == "hardened":
        transformation = _hardened(networks, decoder_width=16, steps=4_000)
    else:
        transformation = TransformationSettings(
            objective=CycleGANObjective(lambda_=3.0, gamma=(-1.0, 1.0, 0.9)),
            networks=networks,
            steps=7_000,
        )
    return TrainingSettings(
        reference=ReferenceSettings(width=0.375, epochs=8, batch_size=64, learning_rate=0.02),
        preliminary=PreliminarySettings(images=10_000),
        transformation=transformation,
        classifier=ClassifierSettings(width=0.25, epochs=4),
    )


def hardened() -> TrainingSettings:
    """The same as `cpu` with --objective=hardened."""
    return cpu("hardened")


def paper(objective: str = "cyclegan") -> TrainingSettings:
    """Every number of the paper, and full-width networks. Needs an accelerator.

    python -m tfppdnn train --preset=paper --dataset=cifar10 --data_dir=DIR --out=runs/paper

    Expected (Table I of the paper): `classify` 90.73% on CIFAR-10, 67.36% on CIFAR-100;
    SSIM 0.0956 after the GAN attack. It was not trained here to its end: 5,000 epochs of
    50,000 images are 15.6 million steps. That it builds and runs is tested.
    """
    transformation = TransformationSettings()
    if objective == "hardened":
        transformation = _hardened(NetworkSettings(), decoder_width=64, epochs=200)
    return TrainingSettings(
        # An epoch of CIFAR-10; every 500 steps would be 31,000 checkpoints.
        computing=ComputingSettings(mixed_precision=True, steps_per_round=3125),
        transformation=transformation,
    )


def photos() -> PhotoSettings:
    """Photographs of any kind, on two CPU cores, by a trunk that has seen ImageNet.

    python -m tfppdnn train --preset=photos --dataset=FOLDER

    Expected of tiny_imagenet100 at --image_size=64, in two minutes (the card of the protector
    `photos` that ships): a small classifier is right about 67.1% of test pictures by all that the
    trunk sees, and about 65.7% by their codes. On CIFAR-10, which it never saw, `classify` on
    protected pictures reaches 80.1%.
    """
    return PhotoSettings(
        data=DataSettings(image_size=224),
        classifier=ClassifierSettings(
            network="dense", augment=False, epochs=15, learning_rate=1e-3
        ),
    )


def _hardened(
    networks: NetworkSettings,
    objective: HardenedObjective | None = None,
    *,
    decoder_width: int,
    batch_size: int = 64,
    **length: int,
) -> TransformationSettings:
    """Our objective, which wants a bottleneck and larger batches; its length in steps or epochs."""
    return TransformationSettings(
        objective=objective or HardenedObjective(),
        networks=dataclasses.replace(
            networks, protector_network="bottleneck", decoder_width=decoder_width
        ),
        batch_size=batch_size,
        learning_rate=1e-3,
        pool_size=max(50, batch_size),
        **length,
    )


PRESETS: Mapping[str, Callable[..., RunSettings]] = {
    "quick": quick,
    "cpu": cpu,
    "hardened": hardened,
    "paper": paper,
    "photos": photos,
}
"""Every preset by its name."""

OF_THE_SCHEME = tuple(name for name in PRESETS if name != "photos")
"""Those whose h_p is trained as the paper's is, by either objective."""


def make_settings(
    preset: str | None = None, options: Mapping[str, Any] | None = None
) -> RunSettings:
    """Makes a preset's settings with some of its values replaced.

    Args:
        preset: A key of `PRESETS`: how large everything is. None for `quick`.
        options: Values by option, as the command line gives them. `objective` decides which
            others there are.

    Returns:
        The settings.

    Raises:
        UserError: No such preset, objective or option, or a value of the wrong type or out of
            range.
    """
    preset = "quick" if preset is None else preset
    if preset not in PRESETS:
        raise UserError(f"--preset={preset}: there is no such preset; choose {', '.join(PRESETS)}")
    options = dict(options or {})
    _check_words(preset, options)
    if preset == "photos":
        return _photos(options)
    objective = options.pop("objective", _BY_DEFAULT.get(preset, "cyclegan"))
    if objective not in OBJECTIVES:
        raise UserError(f"--objective={objective}: must be {' or '.join(OBJECTIVES)}")
    settings = PRESETS["cpu" if preset == "hardened" else preset](objective)
    known = settings.options()
    for option in options:
        if option not in known:
            (other,) = {*OBJECTIVES} - {objective}
            if option in cpu(other).options():
                raise UserError(
                    f"--{option}: a setting of the objective {other}, and this one is "
                    f"{objective}; add --objective={other}, or leave it out"
                )
            if option in photos().options():
                raise UserError(
                    f"--{option}: a setting of --preset=photos, and this one is {preset}; choose "
                    "that preset, or leave it out"
                )
            raise unknown_option(option, known)
    return settings.replaced(options)


def _check_words(preset: str, options: Mapping[str, Any]) -> None:
    """Refuses what would be recorded and do nothing: somebody might rely on it."""
    by_default = photos().options()
    typed = {name for name, value in options.items() if value != by_default.get(name)}
    naming = {"privacy_epsilon"} | ({"privacy_words"} if preset == "photos" else set())
    if named := sorted(naming & typed):
        for option in ("code_levels", "code_hiding_weight", "code_label_weight"):
            if option in typed:
                raise UserError(
                    f"--{option}: not with --{named[0]}, which has words in place of numbers; "
                    "leave it out"
                )
        return
    if "privacy_words" in typed:
        raise UserError("--privacy_words: of photographs; add --preset=photos, or leave it out")
    if "privacy_choices" in typed:
        also = " or --privacy_words=2" if preset == "photos" else ""
        raise UserError(
            f"--privacy_choices: of words, and there are none; add --privacy_epsilon=8{also}, or "
            "leave it out"
        )


def _photos(options: Mapping[str, Any]) -> PhotoSettings:
    settings = photos()
    known, of_gate = settings.options(), settings.options("gate")
    for option, value in options.items():
        if option in of_gate and value != of_gate[option]:
            raise UserError(
                f"--{option}: not for --preset=photos, whose gate is taught nothing; leave it out"
            )
        if option not in known:
            if option in {**cpu("cyclegan").options(), **cpu("hardened").options()}:
                raise UserError(
                    f"--{option}: not a setting of --preset=photos, whose h_p is made of a trunk; "
                    "leave it out, or choose another preset"
                )
            raise unknown_option(option, known)
    return settings.replaced(options)


def settings_help(only: Collection[str] | None = None) -> str:
    """Lists settings with their values in each preset, for `--help`; see `explained`."""
    return explained({name: make_settings(name) for name in PRESETS}, only)
