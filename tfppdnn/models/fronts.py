"""What a scheme puts before the classifier of its protected images."""

from __future__ import annotations

from collections.abc import Callable

import keras
from keras import layers, ops

from tfppdnn.models.batch_normalization import batch_normalization

_BLOCK = 4
_CHANNELS = 256


def block_adaptation(images: keras.KerasTensor) -> keras.KerasTensor:
    """Builds Tanaka's adaptation network, which learns to read scrambled blocks.

    Every block of 4 x 4 pixels is seen as a whole, by the same weights, and gives 16
    channels for each of its pixels (M. Tanaka, ICCE-TW 2018).

    Args:
        images: float [N, H, W, C], H and W multiples of 4.

    Returns:
        float [N, H, W, 16].

    Raises:
        ValueError: H or W is no multiple of 4.
    """
    if any(side % _BLOCK for side in images.shape[1:3]):
        raise ValueError(f"images of {images.shape[1:3]} do not fall into blocks of 4 x 4")
    x = layers.Conv2D(
        _CHANNELS, _BLOCK, strides=_BLOCK, use_bias=False, kernel_initializer="he_normal"
    )(images)
    x = batch_normalization()(x)
    x = layers.LeakyReLU(negative_slope=0.1)(x)
    return DepthToSpace(_BLOCK)(x)


FRONTS: dict[str, Callable[[keras.KerasTensor], keras.KerasTensor]] = {
    "block_adaptation": block_adaptation,
}
"""Every front by the name that a protector asks for it by, in `classifier_front`."""


@keras.saving.register_keras_serializable(package="tfppdnn")
class DepthToSpace(layers.Layer):
    """Spreads the channels of each place over a square of pixels, row by row.

    Args:
        side: Height and width of the square.
    """

    def __init__(self, side: int, **kwargs):
        super().__init__(**kwargs)
        self.side = side

    def call(self, images):
        """Maps float [N, H, W, C] to float [N, side H, side W, C / side^2]."""
        _, height, width, channels = images.shape
        side, depth = self.side, channels // self.side**2
        squares = ops.reshape(images, (-1, height, width, side, side, depth))
        squares = ops.transpose(squares, (0, 1, 3, 2, 4, 5))
        return ops.reshape(squares, (-1, side * height, side * width, depth))

    def compute_output_shape(self, input_shape):
        """Multiplies height and width, divides channels."""
        batch, height, width, channels = input_shape
        return (batch, self.side * height, self.side * width, channels // self.side**2)

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "side": self.side}
