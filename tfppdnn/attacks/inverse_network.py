"""Inverse networks (ITN): whoever owns a protector can train its inverse.

The inverse transformation attack is one of those in W. Sirichotedumrong and H. Kiya, "Visual
security evaluation of learnable image encryption methods against ciphertext-only attacks",
arXiv:2010.06198, 2020. Here the attacker has the protector itself. A U-Net undoes what a protector
does in place; an hourglass, what it scatters over the image.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import keras

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.data import OwnedProtector
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.pairs import check_pairs, steps_of, train_on_pairs
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.fused_adam import FusedAdam
from tfppdnn.models.hourglass import hourglass
from tfppdnn.models.unet import unet


@dataclass(frozen=True, kw_only=True)
class _LearnsTheInverse(LearnedAttack[OwnedProtector]):
    """Protects own images and trains a network to undo it, by mean squared error.

    Attributes:
        seed: Of weights and order.
        epochs: Passes over the attacker's images.
        batch_size: Pairs a step.
        learning_rate: Of Adam, initially; a cosine takes it to 0.
        width: Channels of the network at full resolution.
    """

    threat_model = ThreatModel.PROTECTOR
    needs = OwnedProtector
    reach: ClassVar[str]

    epochs: int = 100
    batch_size: int = 32
    learning_rate: float = 1e-3
    width: int = 64

    def run(self, data: OwnedProtector, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks; see `LearnedAttack.run`.

        Raises:
            UserError: If the attacker has no images, or some of different sizes.
        """
        check_pairs(data.targets, data.ciphertexts, data.plain)
        steps = steps_of(self.epochs, images=len(data.plain), batch_size=self.batch_size)
        keras.utils.set_random_seed(self.seed)
        model = self.network(data.plain.shape[1])
        schedule = keras.optimizers.schedules.CosineDecay(self.learning_rate, steps)
        model.compile(FusedAdam(schedule), "mean_squared_error")
        train_on_pairs(
            model,
            data.ciphertexts,
            data.plain,
            title="inverse network",
            steps=steps,
            batch_size=self.batch_size,
            seed=self.seed,
            checkpoints=checkpoints,
        )
        return self.reconstruction(
            run_on_images(model, data.targets),
            f"{self.reach} learnt to undo the protector from {len(data.plain):,} images "
            "that the attacker protected himself.",
        )

    @abstractmethod
    def network(self, image_size: int) -> keras.Model:
        """Builds the network that shall undo the protector of images of this size."""


@dataclass(frozen=True, kw_only=True)
class InverseNetworkAttack(_LearnsTheInverse):
    """Protects own images and trains a U-Net to undo it.

    Attributes:
        depth: The U-Net's number of resolutions.
        norm: Its normalization, `"batch"` or `"instance"`. The latter forgets how bright and
            rich in contrast each protected image is.
    """

    name = "itn"
    reach = "A U-Net"

    depth: int = 5
    norm: str = "batch"

    def network(self, image_size: int) -> keras.Model:
        """Builds the U-Net, which takes images of any size."""
        return unet(base_width=self.width, depth=self.depth, norm=self.norm, name="inverse")


@dataclass(frozen=True, kw_only=True)
class GlobalInverseNetworkAttack(_LearnsTheInverse):
    """The same with an hourglass, whose every output pixel may use every input pixel.

    Attributes:
        waist: Units of the fully connected layer in the middle.
    """

    name = "itn_global"
    reach = "An hourglass network"

    waist: int = 512

    def network(self, image_size: int) -> keras.Model:
        """Builds the hourglass, whose waist is made for images of this size."""
        return hourglass(
            image_size=image_size, base_width=self.width, waist=self.waist, name="inverse"
        )
