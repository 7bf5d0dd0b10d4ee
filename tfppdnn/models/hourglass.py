"""An hourglass: convolutions down, a fully connected waist, convolutions up."""

from __future__ import annotations

import keras
from keras import layers

from tfppdnn.models.layers import NearestUpsample2x, normalization
from tfppdnn.models.resizing import AreaResize, NearestResizeLike

# Below this the waist sees every pixel's features directly.
_SMALLEST_MAP = 8


def hourglass(
    *,
    image_size: int = 32,
    base_width: int = 32,
    waist: int = 512,
    name: str = "hourglass",
) -> keras.Model:
    """Builds a network from images to images whose every output pixel may use every input pixel.

    A U-Net undoes what a protector does in place; this undoes what it scatters over the whole
    image, such as a code that all pixels carry together.

    Args:
        image_size: Height and width that images are worked on at, rounded up to a multiple of
            its halvings; others are resized.
        base_width: Channels of the first convolution; each halving doubles them up to four times.
        waist: Units of the fully connected layer in the middle.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to the same.
    """
    halvings = 0
    while image_size / 2**halvings > _SMALLEST_MAP:
        halvings += 1
    widths = [base_width * min(2**level, 4) for level in range(halvings)]

    images = keras.Input((None, None, 3), name="image")
    x = AreaResize(-(-image_size // 2**halvings) * 2**halvings)(images)
    x = layers.Rescaling(2.0, offset=-1.0)(x)
    for width in widths:
        x = _normalized(layers.Conv2D(width, 4, strides=2, padding="same", use_bias=False)(x))
    smallest = x.shape[1:3]
    x = layers.Flatten()(x)
    x = _normalized(layers.Dense(waist, use_bias=False)(x))
    x = _normalized(layers.Dense(smallest[0] * smallest[1] * base_width, use_bias=False)(x))
    x = layers.Reshape((*smallest, base_width))(x)
    for width in reversed(widths):
        x = layers.Conv2D(width, 3, padding="same", use_bias=False)(NearestUpsample2x()(x))
        x = _normalized(x)
    x = layers.Conv2D(3, 3, padding="same", activation="sigmoid", dtype="float32")(x)
    return keras.Model(images, NearestResizeLike(dtype="float32")(x, images), name=name)


def _normalized(x):
    return layers.ReLU()(normalization("batch")(x))
