"""The unshared-weight attack (UWA): a network that may treat every pixel in its own way.

W. Sirichotedumrong, Y. Kinoshita, H. Kiya, "On the security of pixel-based image encryption
for privacy-preserving deep neural networks", GCCE 2019; reference [16] of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import keras
from keras import layers

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.data import OwnKeyPairs
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.pairs import check_pairs, steps_of, train_on_pairs
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.unshared_convolution import UnsharedConvolution

_MOMENTUM = 0.9


@dataclass(frozen=True, kw_only=True)
class UnsharedWeightAttack(LearnedAttack[OwnKeyPairs]):
    """Learns to decrypt own images under own keys, and hopes that the victim's key is alike.

    It can undo any cipher that maps each pixel by itself, if all images share the key and the
    attacker's pairs were made with it; under any other key it has learnt the wrong one.

    Defaults are those of Section IV-C; the learning rate is divided by 10 at 40/70 and at
    60/70 of the epochs.

    Attributes:
        seed: Of weights and order.
        epochs: Passes over the attacker's pairs.
        batch_size: Pairs a step.
        learning_rate: Of SGD with momentum 0.9, initially.
        weight_decay: Weight of the L2 penalty in the gradient.
        width: Channels of the network.
    """

    name = "uwa"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = OwnKeyPairs

    epochs: int = 70
    batch_size: int = 128
    learning_rate: float = 0.1
    weight_decay: float = 5e-4
    width: int = 64

    def run(self, data: OwnKeyPairs, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks; see `LearnedAttack.run`.

        Raises:
            UserError: If there are no pairs, or images of different sizes.
        """
        check_pairs(data.targets, data.ciphertexts, data.plain)
        steps = steps_of(self.epochs, images=len(data.plain), batch_size=self.batch_size)
        keras.utils.set_random_seed(self.seed)
        model = unshared_weight_network(*data.plain.shape[1:3], width=self.width)
        model.compile(self.optimizer(steps), "mean_squared_error")
        train_on_pairs(
            model,
            data.ciphertexts,
            data.plain,
            title="unshared-weight attack",
            steps=steps,
            batch_size=self.batch_size,
            seed=self.seed,
            checkpoints=checkpoints,
        )
        return self.reconstruction(
            run_on_images(model, data.targets),
            f"A network with weights of its own for each pixel learnt from "
            f"{len(data.plain):,} of the attacker's images under his own keys.",
        )

    def optimizer(self, steps: int) -> keras.Optimizer:
        """Makes the optimizer of a training of so many steps."""
        drops = [max(1, steps * 40 // 70), max(2, steps * 60 // 70)]
        rates = [self.learning_rate, self.learning_rate / 10, self.learning_rate / 100]
        # Keras decays weights outside the momentum, which would multiply by 1 / (1 - 0.9).
        return keras.optimizers.SGD(
            keras.optimizers.schedules.PiecewiseConstantDecay(drops, rates),
            momentum=_MOMENTUM,
            weight_decay=self.weight_decay / (1 - _MOMENTUM),
        )


def unshared_weight_network(height: int, width_in_pixels: int, *, width: int) -> keras.Model:
    """Builds the attacker's network.

    The paper does not give its layers; these are our own. The unshared first layer is followed
    by as little as can tell a colour from its features: one shared 1x1 convolution with
    batch normalization and ReLU before the last, which makes pixels. None looks at a pixel's
    neighbours.

    Args:
        height: Of the images in pixels.
        width_in_pixels: Of the images.
        width: Channels of both hidden layers.

    Returns:
        A model from float32 [N, height, width_in_pixels, 3] in [0, 1] to the same.
    """
    images = keras.Input((height, width_in_pixels, 3), name="image")
    x = UnsharedConvolution(width)(layers.Rescaling(2.0, -1.0)(images))
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    x = layers.Conv2D(width, 1, use_bias=False, kernel_initializer="he_normal")(x)
    x = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))
    pixels = layers.Conv2D(3, 1, activation="sigmoid", name="pixels")(x)
    return keras.Model(images, pixels, name="unshared_weight_network")
