"""The network of flow matching: which way a noisy picture is to go, given a protected one."""

from __future__ import annotations

import math

import keras
from keras import layers, ops

from tfppdnn.models.layers import CropLike, NearestUpsample2x, ReflectToMultiple

# Of the sine and cosine waves by which the network is told the time.
_WAVES = 16
_SMALLEST_MAP = 4
_GROUPS = 8
# What is wrong at the very end is not to weigh more than all before.
_LEAST_TIME_LEFT = 0.05


def velocity_network(
    *, image_size: tuple[int, int], numbers: int, base_width: int = 32, name: str = "velocity"
) -> keras.Model:
    """Builds a U-Net that is told what was seen in two ways, so that it suits every protector.

    What a protector leaves in its place is read off the protected picture, which stands beside the
    noisy one from the first layer on. What it scatters, such as a code drawn as tiles, is read
    off its numbers: they are drawn as a small map at the lowest resolution, and scale and shift the
    channels of every block, as the time does.

    Pictures are cut into 2x2 pixels first, which makes all of it four times as fast. Every
    resolution has a residual block going down and one going up.

    Args:
        image_size: Height and width of the pictures.
        numbers: How many describe a protected picture, F.
        base_width: Channels at half the resolution; twice as many below.
        name: Name of the Keras model.

    Returns:
        A model from [noisy, protected, numbers, time] to a velocity: float32 [N, H, W, 3] on the
        way to values of a mean of 0 and a deviation of 1; float32 [N, H, W, 3] in [-1, 1]; float32
        [N, F]; and float32 [N, 1] in [0, 1]; to float32 [N, H, W, 3].
    """
    noisy = keras.Input((*image_size, 3), name="noisy")
    protected = keras.Input((*image_size, 3), name="protected")
    read = keras.Input((numbers,), name="numbers")
    time = keras.Input((1,), name="time")

    halvings = max(0, math.ceil(math.log2(max(image_size) / 2 / _SMALLEST_MAP)))
    widths = [base_width] + [2 * base_width] * halvings
    code = layers.Dense(4 * base_width, activation="silu")(read)
    told = layers.Concatenate()([code, _waves(time)])
    told = layers.Dense(4 * base_width, activation="silu")(told)

    both = layers.Concatenate()([noisy, protected])
    x = layers.Conv2D(base_width, 2, strides=2)(ReflectToMultiple(2 ** (halvings + 1))(both))
    skips = []
    for width in widths[:-1]:
        x = _block(x, told, width)
        skips.append(x)
        x = layers.AveragePooling2D(2)(x)
    drawn = layers.Dense(math.prod(x.shape[1:]))(code)
    x = _block(layers.Add()([x, layers.Reshape(x.shape[1:])(drawn)]), told, widths[-1])
    for width, skip in zip(reversed(widths[:-1]), reversed(skips), strict=True):
        x = layers.Concatenate()([NearestUpsample2x()(x), skip])
        x = _block(x, told, width)
    x = _block(x, told, base_width)
    x = layers.Conv2DTranspose(3, 2, strides=2, kernel_initializer="zeros", dtype="float32")(x)
    picture = CropLike(dtype="float32")(x, noisy)
    # From the noisy one to the picture in the time that is left. A network that had to tell the
    # velocity itself would have to tell the noise, to which there is no pattern, value by value.
    left = ops.maximum(1 - layers.Reshape((1, 1, 1))(time), _LEAST_TIME_LEFT)
    return keras.Model([noisy, protected, read, time], (picture - noisy) / left, name=name)


def _waves(time):
    frequencies = ops.convert_to_tensor([[math.pi * 2 ** (k / 2) for k in range(_WAVES)]])
    angles = ops.matmul(time, ops.cast(frequencies, "float32"))
    return ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=-1)


def _block(x, told, width: int):
    """A residual block, whose channels are scaled and shifted by what the network was told."""
    h = layers.Conv2D(width, 3, padding="same")(_active(x))
    h = layers.GroupNormalization(math.gcd(_GROUPS, width), scale=False, center=False)(h)
    scale, shift = (
        layers.Reshape((1, 1, width))(layers.Dense(width, kernel_initializer="zeros")(told))
        for _ in range(2)
    )
    h = layers.Activation("silu")(h + h * scale + shift)
    h = layers.Conv2D(width, 3, padding="same", kernel_initializer="zeros")(h)
    if x.shape[-1] != width:
        x = layers.Conv2D(width, 1)(x)
    return layers.Add()([x, h])


def _active(x):
    groups = math.gcd(_GROUPS, x.shape[-1])
    return layers.Activation("silu")(layers.GroupNormalization(groups)(x))
