"""Telling a picture from its photographic negative, without any picture that is known."""

from __future__ import annotations

import keras
import numpy as np

from tfppdnn.attacks.data import Images
from tfppdnn.models.eight_bit import run_on_images

# Photographs whose colours are right correlate by 0.8 and more once they can be recognised. Where
# the two have little to do with each other, as with pixels that are inverted one by one, so has
# the sign of their correlation.
_CERTAIN = -0.4
_ENOUGH = 512


class RightWayRound(keras.callbacks.Callback):
    """Turns a generator that makes negatives into one that makes pictures.

    A discriminator that sees small patches hardly tells a photograph from its negative, and a
    generator that has settled on negatives never finds its way back, since grey lies between.
    But on average pictures have a place for light, such as the sky, and generators that treat
    all places alike cannot move it: if their mean reconstruction is like the negative of the
    mean plain image, so is each one. Changing the sign of the last convolution swaps light and
    dark exactly, as both tanh and the sigmoid are odd about the middle grey.

    It looks at the end of each round, before the checkpoint is made.

    Args:
        ciphertexts: uint8 [M, H, W, 3]; some of them are reconstructed.
        plain: uint8 [K, H, W, 3], of other scenes.
    """

    def __init__(self, ciphertexts: Images, plain: Images):
        super().__init__()
        self._ciphertexts = ciphertexts[:_ENOUGH]
        self._layout = _layout(plain)

    def on_epoch_end(self, epoch, logs=None):
        """Turns the generator of the model that is being trained, if it has to be."""
        if self.model.stop_training:
            return  # Ctrl-C: the epoch goes on another time.
        generator = self.model.generator
        found = _layout(run_on_images(generator, self._ciphertexts))
        if _correlation(found, self._layout) < _CERTAIN:
            for variable in generator.get_layer("pixels").trainable_variables:
                variable.assign(-variable)


def _layout(images: Images) -> np.ndarray:
    """The mean image without its mean colour, which a generator can choose freely."""
    mean = images.mean(axis=0)
    return mean - mean.mean(axis=(0, 1))


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    scale = np.linalg.norm(a) * np.linalg.norm(b)
    return float((a * b).sum() / scale) if scale else 0.0
