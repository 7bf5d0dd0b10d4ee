"""ResNet-18 in its CIFAR form: the classifier that the cloud trains (Section IV-D)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
from keras import layers

from tfppdnn.models.batch_normalization import batch_normalization
from tfppdnn.models.layers import IMAGENET_MEAN, IMAGENET_STD, standard_normalization

_WIDTHS_OF_GROUPS = (64, 128, 256, 512)
_BLOCKS_PER_GROUP = 2


def resnet18(
    *,
    num_classes: int,
    image_size: int = 32,
    width: float = 1.0,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    front: Callable[[keras.KerasTensor], keras.KerasTensor] | None = None,
    name: str = "resnet18",
) -> keras.Model:
    """Builds ResNet-18 with a 3x3 stem of stride 1 and no pooling after it.

    Args:
        num_classes: Number of logits.
        image_size: Height and width of the images.
        width: Multiplies the 64, 128, 256, 512 channels of the groups.
        mean: Mean of the training images per channel, in [0, 1].
        std: Their standard deviation per channel.
        front: Layers between the normalised images and the stem, for images that need some
            (see `models.fronts`): maps [N, S, S, 3] to [N, S, S, any].
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, image_size, image_size, 3] in [0, 1] to float32 logits
        [N, num_classes]. (He et al., 2016.)
    """
    images = keras.Input((image_size, image_size, 3), name="image")
    x = standard_normalization(mean, std)(images)
    if front is not None:
        x = front(x)
    x = layers.ReLU()(_convolution(x, max(1, round(64 * width)), 3, strides=1))
    for group, group_width in enumerate(_WIDTHS_OF_GROUPS):
        for block in range(_BLOCKS_PER_GROUP):
            strides = 2 if group > 0 and block == 0 else 1
            x = _basic_block(x, max(1, round(group_width * width)), strides)
    x = layers.GlobalAveragePooling2D()(x)
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=name)


def _basic_block(x, width: int, strides: int):
    shortcut = x
    if strides != 1 or x.shape[-1] != width:
        # What a strided 1x1 convolution would see. On AVX2, oneDNN's gradient of such a one's
        # weights is wrong, and reads beyond its memory, where it has 4 to 7 channels.
        seen = layers.AveragePooling2D(1, strides=strides)(x) if strides != 1 else x
        shortcut = _convolution(seen, width, 1, strides=1)
    x = layers.ReLU()(_convolution(x, width, 3, strides=strides))
    x = _convolution(x, width, 3, strides=1)
    return layers.ReLU()(layers.Add()([x, shortcut]))


def _convolution(x, width: int, kernel_size: int, *, strides: int):
    x = layers.Conv2D(
        width,
        kernel_size,
        strides=strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
    )(x)
    return batch_normalization()(x)
