"""U-Net, the network of both generators (Section III-C; Ronneberger et al., 2015)."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from tfppdnn.models.layers import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    CropLike,
    NearestUpsample2x,
    ReflectToMultiple,
    normalization,
    standard_normalization,
)


def unet(
    *,
    base_width: int = 64,
    depth: int = 5,
    norm: str = "instance",
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    name: str = "unet",
) -> keras.Model:
    """Builds a fully convolutional U-Net for RGB images of any height and width.

    Every resolution has two 3x3 convolutions; going down, 2x2 max pooling halves the
    image and the width doubles; going up, nearest-neighbour doubling and a 3x3
    convolution meet the skip connection. The input is reflected to a multiple of
    2^(depth - 1) inside the graph and the output cropped back.

    Args:
        base_width: Channels at full resolution; the paper-scale form has 64.
        depth: Number of resolutions; the paper-scale form has 5, of 64 to 1024 channels.
        norm: `"instance"` or `"batch"`.
        mean: Mean of the images the network will see, per channel, in [0, 1].
        std: Their standard deviation, per channel.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to float32 [N, H, W, 3] in [0, 1].
    """
    images = keras.Input((None, None, 3), name="image")
    x = ReflectToMultiple(2 ** (depth - 1))(images)
    x = standard_normalization(mean, std)(x)

    skips = []
    for level in range(depth - 1):
        x = _two_convolutions(x, base_width * 2**level, norm)
        skips.append(x)
        x = layers.MaxPooling2D(2)(x)
    x = _two_convolutions(x, base_width * 2 ** (depth - 1), norm)
    for level in reversed(range(depth - 1)):
        width = base_width * 2**level
        x = _convolution(NearestUpsample2x()(x), width, norm)
        x = layers.Concatenate()([skips[level], x])
        x = _two_convolutions(x, width, norm)

    x = layers.Conv2D(3, 1, activation="sigmoid", dtype="float32", name="pixels")(x)
    return keras.Model(images, CropLike(dtype="float32")(x, images), name=name)


def _two_convolutions(x, width: int, norm: str):
    return _convolution(_convolution(x, width, norm), width, norm)


def _convolution(x, width: int, norm: str):
    # The normalization that follows would cancel a bias.
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.ReLU()(normalization(norm)(x))
