"""Settings of `audit` and of the attackers' half of `table1` at three scales."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, Literal

from pydantic.dataclasses import dataclass

from tfppdnn.errors import UserError
from tfppdnn.settings.group import CHECKED, Group, explained, unknown_option
from tfppdnn.settings.values import (
    Count,
    Depth,
    ImageSize,
    Positive,
    all_or_at_least,
    whole_number,
)


@dataclass(frozen=True, kw_only=True, config=CHECKED)
class AuditSettings(Group):
    """The settings of an audit; the defaults are the paper's, or what it leaves open.

    Attributes:
        attacker_image_size: Height and width of the images that are attacked, in pixels.
        attacker_images: Training images that attackers may learn from, T of Fig. 2; 0 for all.
        held_out_images: Test images that attacks are measured on; 0 for all.
        attempts: How often an attack that learns is tried at most, the first included, until
            it is better than knowing nothing.

        gan_form: The GAN attack's form, `paper` or `strong`; the latter collapses less, and is
            what a failed attack is tried again with.
        gan_epochs: Its epochs.
        gan_batch_size: Its batch size.
        gan_learning_rate: Its Adam's learning rate.
        gan_width: Channels of its U-Net at full resolution, where it attacks with one.
        gan_depth: Resolutions of that U-Net.

        uwa_epochs: Epochs of the unshared-weight attack; its learning rate is divided by 10
            at 40/70 and 60/70 of them.
        uwa_batch_size: Its batch size.
        uwa_learning_rate: Its SGD's learning rate.

        itn_epochs: Epochs of the inverse network, for who owns the protector.
        itn_batch_size: Its batch size, and that of the next.
        itn_learning_rate: Its Adam's initial learning rate (cosine decay to 0).
        itn_width: Channels of its U-Net at full resolution.
        itn_depth: Resolutions of its U-Net.

        itn_global_epochs: Epochs of the inverse network of global reach.
        itn_global_learning_rate: Its Adam's initial learning rate (cosine decay to 0).
        itn_global_width: Channels of its first convolution.
        itn_global_waist: Units of its fully connected layer.

        generator_epochs: Epochs of the conditional generator.
        generator_batch_size: Its batch size.
        generator_learning_rate: Its Adam's initial learning rate (cosine decay to 0).
        generator_width: Channels of its network at half the resolution.

        inversion_images: Held-out images that gradient inversion is tried on; 0 for all.
        inversion_steps: Its steps an image.
        inversion_tv_weight: Weight of the total variation in its objective.
        prior_images: Held-out images that the deep image prior is tried on; 0 for all.
        prior_steps: Its steps an image.

        recogniser_epochs: Epochs of the classifier that is asked what it recognises in
            reconstructions, where none is given.
        recogniser_width: Multiplies its channels (ResNet-18).
    """

    attacker_image_size: ImageSize = 96
    attacker_images: all_or_at_least(8) = 0
    # Chance is measured against other images.
    held_out_images: all_or_at_least(2) = 0
    attempts: whole_number(1, 10) = 3
    gan_form: Literal["paper", "strong"] = "paper"
    gan_epochs: Count = 100
    gan_batch_size: Count = 64
    gan_learning_rate: Positive = 2e-4
    gan_width: Count = 64
    gan_depth: Depth = 5
    uwa_epochs: Count = 70
    uwa_batch_size: Count = 128
    uwa_learning_rate: Positive = 0.1
    itn_epochs: Count = 100
    itn_batch_size: Count = 32
    itn_learning_rate: Positive = 1e-3
    itn_width: Count = 64
    itn_depth: Depth = 5
    itn_global_epochs: Count = 100
    itn_global_learning_rate: Positive = 1e-3
    itn_global_width: Count = 64
    itn_global_waist: Count = 512
    generator_epochs: Count = 400
    generator_batch_size: Count = 64
    generator_learning_rate: Positive = 1e-3
    generator_width: Count = 128
    inversion_images: all_or_at_least(2) = 100
    inversion_steps: Count = 2000
    inversion_tv_weight: Positive = 0.05
    prior_images: all_or_at_least(2) = 32
    prior_steps: Count = 600
    recogniser_epochs: Count = 100
    recogniser_width: Positive = 1.0


def quick() -> AuditSettings:
    """Digits on two CPU cores, to see every attacker at work.

    python -m tfppdnn audit --protector=runs/digits-quick
    """
    return AuditSettings(
        attacker_image_size=32,
        attacker_images=1000,
        held_out_images=300,
        attempts=2,
        gan_form="strong",
        gan_epochs=20,
        gan_batch_size=32,
        gan_learning_rate=1e-3,
        gan_width=8,
        gan_depth=3,
        uwa_epochs=15,
        uwa_batch_size=32,
        itn_epochs=10,
        itn_learning_rate=1e-2,
        itn_width=8,
        itn_depth=3,
        itn_global_epochs=10,
        itn_global_learning_rate=3e-3,
        itn_global_width=16,
        itn_global_waist=128,
        generator_epochs=100,
        generator_batch_size=32,
        generator_learning_rate=3e-3,
        generator_width=32,
        inversion_images=16,
        inversion_steps=200,
        inversion_tv_weight=1e-4,
        prior_images=8,
        prior_steps=200,
        recogniser_epochs=8,
        recogniser_width=0.25,
    )


def cpu() -> AuditSettings:
    """64x64 photographs on two CPU cores.

    python -m tfppdnn audit --preset=cpu --protector=RUN --dataset=tiny_imagenet100 --data_dir=DIR
    """
    return AuditSettings(
        attacker_image_size=64,
        attacker_images=5000,
        held_out_images=500,
        attempts=2,
        gan_form="strong",
        gan_epochs=6,
        gan_batch_size=32,
        gan_width=16,
        gan_depth=4,
        uwa_epochs=6,
        itn_epochs=5,
        itn_learning_rate=3e-3,
        itn_width=16,
        itn_depth=4,
        itn_global_epochs=12,
        itn_global_learning_rate=2e-3,
        itn_global_width=32,
        generator_epochs=40,
        generator_learning_rate=2e-3,
        generator_width=48,
        inversion_images=32,
        inversion_steps=300,
        recogniser_epochs=8,
        recogniser_width=0.25,
    )


def paper() -> AuditSettings:
    """The paper's attackers at full width (Section IV-C). Needs an accelerator.

    python -m tfppdnn audit --preset=paper --protector=RUN --dataset=stl10 --data_dir=DIR

    Expected (Table I): SSIM after the GAN attack 0.0956 for the proposed scheme, 0.7152 for
    Tanaka's, 0.2688 and 0.1527 for the pixel-based ones. Never run here to its end.
    """
    return AuditSettings()


AUDIT_PRESETS: Mapping[str, Callable[[], AuditSettings]] = {
    "quick": quick,
    "cpu": cpu,
    "paper": paper,
}
"""Every preset by its name."""


def make_audit_settings(
    preset: str | None = None, options: Mapping[str, Any] | None = None
) -> AuditSettings:
    """Makes a preset's settings with some of its values replaced; see `make_settings`."""
    preset = "quick" if preset is None else preset
    if preset not in AUDIT_PRESETS:
        raise UserError(
            f"--preset={preset}: there is no such preset; choose {', '.join(AUDIT_PRESETS)}"
        )
    settings = AUDIT_PRESETS[preset]()
    known = settings.options()
    for option in options or {}:
        if option not in known:
            raise unknown_option(option, known)
    return settings.replaced(options or {})


def audit_settings_help(only: Collection[str] | None = None) -> str:
    """Lists settings of an audit with their values in each preset, for `--help`."""
    return explained({name: preset() for name, preset in AUDIT_PRESETS.items()}, only)
