"""Settings of `audit` and of the attackers' half of `table1` at three scales."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

from tfppdnn.settings import checking as settings
from tfppdnn.settings.checking import Rule, Settings, all_or_at_least, between, one_of


@dataclasses.dataclass(frozen=True, kw_only=True)
class AuditPreset(Settings):
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

        inversion_images: Held-out images that gradient inversion is tried on; 0 for all.
        inversion_steps: Its steps an image.
        inversion_tv_weight: Weight of the total variation in its objective.

        recogniser_epochs: Epochs of the classifier that is asked what it recognises in
            reconstructions, where none is given.
        recogniser_width: Multiplies its channels (ResNet-18).
    """

    attacker_image_size: int = 96
    attacker_images: int = 0
    held_out_images: int = 0
    attempts: int = 3

    gan_form: str = "paper"
    gan_epochs: int = 100
    gan_batch_size: int = 64
    gan_learning_rate: float = 2e-4
    gan_width: int = 64
    gan_depth: int = 5

    uwa_epochs: int = 70
    uwa_batch_size: int = 128
    uwa_learning_rate: float = 0.1

    itn_epochs: int = 100
    itn_batch_size: int = 32
    itn_learning_rate: float = 1e-3
    itn_width: int = 64
    itn_depth: int = 5

    itn_global_epochs: int = 100
    itn_global_learning_rate: float = 1e-3
    itn_global_width: int = 64
    itn_global_waist: int = 512

    inversion_images: int = 100
    inversion_steps: int = 2000
    inversion_tv_weight: float = 0.05

    recogniser_epochs: int = 100
    recogniser_width: float = 1.0

    RULES: ClassVar[Mapping[str, Rule]] = {
        "attacker_image_size": between(31, 4096, "must be from 32 to 4096"),
        "attacker_images": all_or_at_least(8),
        # Chance is measured against other images.
        "held_out_images": all_or_at_least(2),
        "inversion_images": all_or_at_least(2),
        "attempts": between(0, 10, "must be from 1 to 10"),
        "gan_form": one_of("paper", "strong"),
        "gan_depth": between(0, 8, "must be from 1 to 8"),
        "itn_depth": between(0, 8, "must be from 1 to 8"),
    }


@dataclasses.dataclass(frozen=True, kw_only=True)
class AuditQuick(AuditPreset):
    """Digits on two CPU cores, to see every attacker at work.

    python -m tfppdnn audit --protector=runs/digits-quick
    """

    attacker_image_size: int = 32
    attacker_images: int = 1000
    held_out_images: int = 300
    attempts: int = 2

    gan_form: str = "strong"
    gan_epochs: int = 20
    gan_batch_size: int = 32
    gan_learning_rate: float = 1e-3
    gan_width: int = 8
    gan_depth: int = 3

    uwa_epochs: int = 15
    uwa_batch_size: int = 32

    itn_epochs: int = 10
    itn_learning_rate: float = 1e-2
    itn_width: int = 8
    itn_depth: int = 3

    itn_global_epochs: int = 10
    itn_global_learning_rate: float = 3e-3
    itn_global_width: int = 16
    itn_global_waist: int = 128

    inversion_images: int = 16
    inversion_steps: int = 200
    inversion_tv_weight: float = 1e-4

    recogniser_epochs: int = 8
    recogniser_width: float = 0.25


@dataclasses.dataclass(frozen=True, kw_only=True)
class AuditCpu(AuditPreset):
    """64x64 photographs on two CPU cores.

    python -m tfppdnn audit --preset=cpu --protector=RUN --dataset=tiny_imagenet100 --data_dir=DIR
    """

    attacker_image_size: int = 64
    attacker_images: int = 5000
    held_out_images: int = 500
    attempts: int = 2

    gan_form: str = "strong"
    gan_epochs: int = 6
    gan_batch_size: int = 32
    gan_width: int = 16
    gan_depth: int = 4

    uwa_epochs: int = 6

    itn_epochs: int = 5
    itn_learning_rate: float = 3e-3
    itn_width: int = 16
    itn_depth: int = 4

    itn_global_epochs: int = 12
    itn_global_learning_rate: float = 2e-3
    itn_global_width: int = 32

    inversion_images: int = 32
    inversion_steps: int = 300

    recogniser_epochs: int = 8
    recogniser_width: float = 0.25


@dataclasses.dataclass(frozen=True, kw_only=True)
class AuditPaper(AuditPreset):
    """The paper's attackers at full width (Section IV-C). Needs an accelerator.

    python -m tfppdnn audit --preset=paper --protector=RUN --dataset=stl10 --data_dir=DIR

    Expected (Table I): SSIM after the GAN attack 0.0956 for the proposed scheme, 0.7152 for
    Tanaka's, 0.2688 and 0.1527 for the pixel-based ones. Never run here to its end.
    """


AUDIT_PRESETS: dict[str, type[AuditPreset]] = {
    "quick": AuditQuick,
    "cpu": AuditCpu,
    "paper": AuditPaper,
}


def make_audit_preset(name: str, overrides: dict[str, Any] | None = None) -> AuditPreset:
    """Makes an audit's preset with some of its values replaced; see `make_preset`."""
    return settings.make(AUDIT_PRESETS, name, overrides)


def audit_settings_help() -> str:
    """Lists every setting of an audit with its value in each preset, for `--help`."""
    return settings.explained(AuditPreset, AUDIT_PRESETS)
