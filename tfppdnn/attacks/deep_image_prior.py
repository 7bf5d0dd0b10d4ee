"""A deep image prior: searching what an untrained network would draw, with no pictures at all.

D. Ulyanov, A. Vedaldi and V. Lempitsky, "Deep image prior", CVPR 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.data import WhiteBox
from tfppdnn.attacks.learned import LearnedAttack, kept_or_temporary
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.models.eight_bit import as_bytes, as_floats
from tfppdnn.models.fused_adam import FusedAdam
from tfppdnn.models.instance_normalization import InstanceNormalization
from tfppdnn.models.layers import NearestUpsample2x
from tfppdnn.training.resumable import fit_resumably

_STEPS_PER_ROUND = 500
# Twice halved and more, so that the network draws surfaces before it draws grain.
_HALVINGS = 3
_NOISE_CHANNELS = 8


@dataclass(frozen=True, kw_only=True)
class DeepImagePriorAttack(LearnedAttack[WhiteBox]):
    """Searches, for each target, a network that draws an image whose protected form is the target.

    The network is untrained and its input is noise. Convolutions find it easier to draw what looks
    like a photograph than what does not, and that is all that this attacker knows of photographs:
    he has the protector, and no images. Each target has a network of its own.

    Attributes:
        seed: Of weights and noise.
        steps: Of Adam, for each target.
        learning_rate: Of Adam.
        width: Channels of every layer.
    """

    name = "deep_image_prior"
    threat_model = ThreatModel.PROTECTOR
    needs = WhiteBox

    steps: int = 600
    learning_rate: float = 0.01
    width: int = 32

    def run(self, data: WhiteBox, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks; see `LearnedAttack.run`. Does not apply without a differentiable form."""
        if data.differentiable is None:
            return self.reconstruction(
                None, "The protector came in no form that can be differentiated."
            )
        found = []
        search = NetworkSearch(
            data.differentiable, image_shape=data.targets.shape[1:], width=self.width
        )
        search.compile(FusedAdam(self.learning_rate))
        search.optimizer.build(search.trainable_variables)
        with kept_or_temporary(checkpoints) as folder:
            for number, target in enumerate(as_floats(data.targets), start=1):
                search.restart(self.seed + number)
                batch = (target[np.newaxis],)
                fit_resumably(
                    search,
                    lambda first_step, steps, batch=batch: (batch for _ in range(steps)),
                    title=f"deep image prior, picture {number}",
                    steps=self.steps,
                    steps_per_round=_STEPS_PER_ROUND,
                    checkpoints=folder / f"picture-{number:04d}",
                )
                drawn = ops.convert_to_numpy(search.image())[0]
                found.append((drawn, float(search.distance(*batch))))
        images, distances = (np.stack(part) for part in zip(*found, strict=True))
        return self.reconstruction(
            as_bytes(images),
            "An untrained network was made to draw, for each picture, one whose protected form is "
            f"what was seen; it came within {255 * np.sqrt(distances.mean()):.1f} grey levels of "
            "255 (root mean square).",
        )


class NetworkSearch(keras.Model):
    """A network that draws one image: what `fit` trains so that a protector makes the target of it.

    Args:
        protect: h_p before rounding, float32 [1, H, W, 3] in [0, 1] to the same.
        image_shape: [H, W, 3].
        width: Channels of every layer.
    """

    def __init__(self, protect: Callable, *, image_shape: tuple[int, ...], width: int):
        super().__init__(name="network_search")
        # Wrapped, so that a protector's weights are not taken for this model's own.
        self.protect = lambda images: protect(images)
        height, other = (-(-side // 2**_HALVINGS) * 2**_HALVINGS for side in image_shape[:2])
        self.shape = image_shape
        self.noise = self.add_weight(
            name="noise",
            shape=(1, height, other, _NOISE_CHANNELS),
            initializer="zeros",
            trainable=False,
        )
        self.network = _untrained((height, other, _NOISE_CHANNELS), width)
        self.loss_tracker = keras.metrics.Mean(name="distance")
        self.built = True

    def restart(self, seed: int) -> None:
        """Forgets what was learnt: the step is compiled once for all targets."""
        keras.utils.set_random_seed(seed)
        self.noise.assign(keras.random.uniform(self.noise.shape, maxval=0.1))
        self.network.set_weights(keras.models.clone_model(self.network).get_weights())
        for variable in self.optimizer.variables:
            if variable is not self.optimizer.learning_rate:
                variable.assign(ops.zeros_like(variable))

    def image(self):
        """What the network draws now, float32 [1, H, W, 3] in [0, 1]."""
        return self.network(self.noise)[:, : self.shape[0], : self.shape[1]]

    def distance(self, target):
        """Mean squared distance of the protected image from its target: a scalar."""
        return ops.mean(ops.square(self.protect(self.image()) - target))

    def train_step(self, data):
        """One step on the target, float32 [1, H, W, 3]."""
        (target,) = data
        with tf.GradientTape() as tape:
            distance = self.distance(target)
        variables = self.trainable_variables
        self.optimizer.apply(tape.gradient(distance, variables), variables)
        self.loss_tracker.update_state(distance)
        return self.get_metrics_result()

    @property
    def metrics(self) -> list[keras.Metric]:
        """The mean distance."""
        return [self.loss_tracker]


def _untrained(shape: tuple[int, ...], width: int) -> keras.Model:
    """An hourglass with skips, as in the paper, but for its size."""
    noise = x = keras.Input(shape)
    skips = []
    for _ in range(_HALVINGS):
        skips.append(_convolution(x, 4, size=1))
        x = _convolution(_convolution(x, width, strides=2), width)
    for skip in reversed(skips):
        x = layers.Concatenate()([NearestUpsample2x()(x), skip])
        x = _convolution(_convolution(x, width), width, size=1)
    return keras.Model(noise, layers.Conv2D(3, 1, activation="sigmoid")(x))


def _convolution(x, channels: int, *, size: int = 3, strides: int = 1):
    x = layers.Conv2D(channels, size, strides=strides, padding="same", use_bias=False)(x)
    return layers.LeakyReLU(0.1)(InstanceNormalization()(x))
