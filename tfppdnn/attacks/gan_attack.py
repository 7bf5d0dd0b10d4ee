"""The GAN attack (GA): plain images from protected ones alone.

K. Madono, M. Tanaka, M. Onishi, T. Ogawa, "An adversarial attack to learnable encrypted
images", MIRU 2019; reference [17] of the paper, which describes it in Section II-B.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.data import Images, UnpairedImages
from tfppdnn.attacks.gan_model import GANAttackModel, Rate
from tfppdnn.attacks.gan_networks import (
    BLOCK,
    SMALLEST_IMAGE,
    SMALLEST_PATCH,
    attack_discriminator,
    block_generator,
    pixel_generator,
    unet_generator,
)
from tfppdnn.attacks.gan_polarity import RightWayRound
from tfppdnn.attacks.learned import LearnedAttack, kept_or_temporary
from tfppdnn.attacks.pairs import steps_of
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.datasets.batches import image_batches
from tfppdnn.errors import UserError
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.training.resumable import fit_resumably

GENERATORS = ("block", "pixel", "unet")


@dataclass(frozen=True, kw_only=True)
class GANAttack(LearnedAttack[UnpairedImages]):
    """Learns to turn protected images into what a discriminator takes for plain ones.

    Nothing tells the generator which plain image is behind which protected one. Its ways of
    failing are to give one picture for all inputs, and negatives; `strong` is the form that
    this happens to less. Defaults are the paper's.

    Attributes:
        seed: Of weights, order and pool.
        generator: Its form: `block` for ciphers of 4x4 blocks (Fig. 4a), `pixel` for
            those of pixels (Fig. 4b), `unet` for everything else.
        epochs: Passes over the protected images.
        batch_size: Images of each kind a step.
        learning_rate: Of both Adams, to begin with.
        generator_pace: Multiplies the generator's learning rate.
        decay: Whether learning rates fall to 0 along a cosine, instead of staying as they are.
        right_way_round: Whether a generator that makes negatives is turned; see
            `gan_polarity`.
        beta_1: Of both Adams.
        width: Channels of the U-Net at full resolution.
        depth: Its number of resolutions.
        least_squares: Whether to use least squares (LSGAN) instead of cross entropy.
        score_patches: Whether every patch is scored, instead of the image as a whole.
        consistency: Weight of the error of a second network that finds the protected image in
            its reconstruction: a picture that is the same for all inputs makes that
            impossible. 0 to do without.
        copying: Share of the training in which the generator just learns to copy the protected
            image: a start, from which `right_way_round` can tell what to begin with.
        pool_size: Earlier reconstructions that the discriminator is shown; 0 for none.

    Raises:
        UserError: If there is no such generator.
    """

    name = "gan"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = UnpairedImages

    generator: str = "unet"
    epochs: int = 100
    batch_size: int = 64
    learning_rate: float = 2e-4
    generator_pace: float = 1.0
    decay: bool = False
    right_way_round: bool = False
    beta_1: float = 0.5
    width: int = 64
    depth: int = 5
    least_squares: bool = False
    score_patches: bool = False
    consistency: float = 0.0
    copying: float = 0.0
    pool_size: int = 0

    def __post_init__(self) -> None:
        if self.generator not in GENERATORS:
            raise UserError(
                f"--generator={self.generator}: there is no such generator; choose from "
                f"{', '.join(GENERATORS)}"
            )

    @classmethod
    def strong(cls, **settings: Any) -> GANAttack:
        """The form that collapses less, and makes no negatives.

        The generator learns five times as fast as the discriminator, both ever more slowly.
        A U-Net, which sees the whole picture and can draw any other, begins as a copy, has
        every patch scored, and must make pictures in which the protected image can be found
        again. The small generators do better with the paper's losses.

        Args:
            settings: Any setting, in place of what is set here.
        """
        form = {"generator_pace": 5.0, "decay": True, "right_way_round": True}
        if settings.get("generator", cls.generator) == "unet":
            form |= {"least_squares": True, "score_patches": True}
            form |= {"consistency": 10.0, "copying": 0.25}
        return cls(**{**form, **settings})

    def run(self, data: UnpairedImages, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks; see `LearnedAttack.run`.

        Raises:
            UserError: If there are no images on one side, sizes differ, or are too small for the
                discriminator or no multiple of the block generator's 4.
        """
        _check(data)
        _check_size(
            *data.targets.shape[1:3],
            smallest=SMALLEST_PATCH if self.score_patches else SMALLEST_IMAGE,
            multiple=BLOCK if self.generator == "block" else 1,
        )
        keras.utils.set_random_seed(self.seed)
        image_shape = data.targets.shape[1:]
        batch_size = min(self.batch_size, len(data.ciphertexts), len(data.plain))
        epoch = steps_of(1, images=len(data.ciphertexts), batch_size=batch_size)
        steps = self.epochs * epoch
        model = GANAttackModel(
            generator=self._build(image_shape[:2]),
            discriminator=attack_discriminator(score_patches=self.score_patches),
            encoder=self._build(image_shape[:2], narrower=2) if self.consistency else None,
            least_squares=self.least_squares,
            consistency=self.consistency,
            copying_steps=round(self.copying * steps),
            pool_size=self.pool_size,
            image_shape=image_shape,
            seed=self.seed,
        )
        model.compile(
            generator_rate=self._rate(self.generator_pace * self.learning_rate, steps),
            discriminator_rate=self._rate(self.learning_rate, steps),
            beta_1=self.beta_1,
        )

        def batches(first_step: int, count: int) -> tf.data.Dataset:
            where = {"batch_size": batch_size, "first_step": first_step, "steps": count}
            return tf.data.Dataset.zip(
                (
                    _batches(data.ciphertexts, seed=self.seed, **where),
                    _batches(data.plain, seed=self.seed + 1, **where),
                )
            )

        with kept_or_temporary(checkpoints) as folder:
            fit_resumably(
                model,
                batches,
                title=f"GAN attack, {self.generator}",
                steps=steps,
                steps_per_round=max(epoch, 50),
                checkpoints=folder,
                callbacks=self._callbacks(data),
            )
        return self.reconstruction(
            run_on_images(model.generator, data.targets),
            f"A GAN learnt from {len(data.ciphertexts):,} protected and "
            f"{len(data.plain):,} other plain images what pictures look like.",
        )

    def _rate(self, start: float, steps: int) -> Rate:
        return keras.optimizers.schedules.CosineDecay(start, steps) if self.decay else start

    def _callbacks(self, data: UnpairedImages) -> list[keras.callbacks.Callback]:
        return [RightWayRound(data.ciphertexts, data.plain)] if self.right_way_round else []

    def _build(self, image_size: tuple[int, int], *, narrower: int = 1) -> keras.Model:
        if self.generator == "unet":
            width = max(1, self.width // narrower)
            return unet_generator(image_size, width=width, depth=self.depth)
        return {"block": block_generator, "pixel": pixel_generator}[self.generator](image_size)


def _batches(images: Images, **where: int) -> tf.data.Dataset:
    unlabelled = np.zeros(len(images), np.int64)
    return image_batches(images, unlabelled, **where).map(lambda image, _: image)


def _check(data: UnpairedImages) -> None:
    sizes = {images.shape[1:] for images in (data.targets, data.ciphertexts, data.plain)}
    if min(len(data.ciphertexts), len(data.plain)) == 0 or len(sizes) > 1:
        raise UserError(
            f"the GAN attack was given {len(data.ciphertexts)} protected and {len(data.plain)} "
            f"plain images of sizes {sorted(sizes)}: give some of each, all of one size"
        )


def _check_size(height: int, width: int, *, smallest: int, multiple: int) -> None:
    if min(height, width) < smallest or height % multiple or width % multiple:
        multiples = f", multiples of {multiple}" if multiple > 1 else ""
        raise UserError(
            f"this GAN attack cannot see images of {height}x{width}: give at least "
            f"{smallest}x{smallest}{multiples}"
        )
