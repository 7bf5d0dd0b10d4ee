"""A convolution whose weights no two pixels share."""

from __future__ import annotations

import math

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tfppdnn")
class UnsharedConvolution(layers.Layer):
    """A 1x1 convolution with a kernel and a bias of its own for each pixel.

    A mean over all pixels gives a kernel that only one of them sees a gradient H W times
    smaller than a shared one's. So that one learning rate fits both, the weights are kept
    smaller by the square root of H W and multiplied by it in use. All pixels start with the
    same kernel, as a shared layer would.

    Args:
        channels: Of the output.
    """

    def __init__(self, channels: int, **kwargs):
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape):
        """Makes kernels [H, W, C, channels] and biases [H, W, channels]."""
        _, height, width, channels = input_shape
        self.scale = math.sqrt(height * width)
        shared = keras.initializers.HeNormal()((1, 1, channels, self.channels))
        self.kernel = self.add_weight(
            name="kernel",
            shape=(height, width, channels, self.channels),
            initializer=lambda shape, dtype: ops.broadcast_to(shared / self.scale, shape),
        )
        self.bias = self.add_weight(
            name="bias", shape=(height, width, self.channels), initializer="zeros"
        )

    def call(self, images):
        """Maps float [N, H, W, C] to float [N, H, W, channels]."""
        products = ops.einsum("nhwi,hwio->nhwo", images, self.kernel)
        return (products + self.bias) * self.scale

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "channels": self.channels}
