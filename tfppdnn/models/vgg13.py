"""VGG13 with batch normalization: the reference classifier h_theta of Section III-B."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from tfppdnn.models.batch_normalization import batch_normalization
from tfppdnn.models.layers import IMAGENET_MEAN, IMAGENET_STD, standard_normalization

_WIDTHS_OF_STAGES = (64, 128, 256, 512, 512)


def vgg13_bn(
    *,
    num_classes: int,
    image_size: int = 32,
    width: float = 1.0,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    name: str = "vgg13_bn",
) -> keras.Model:
    """Builds VGG13-BN: five stages of two 3x3 convolutions and a 2x2 max pooling.

    Args:
        num_classes: Number of logits.
        image_size: Height and width of the images; at least 32.
        width: Multiplies the 64, 128, 256, 512, 512 channels of the stages.
        mean: Mean of the training images per channel, in [0, 1].
        std: Their standard deviation per channel.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, image_size, image_size, 3] in [0, 1] to float32 logits
        [N, num_classes]. (Simonyan and Zisserman, 2015, configuration B.)
    """
    images = keras.Input((image_size, image_size, 3), name="image")
    x = standard_normalization(mean, std)(images)
    x = layers.Flatten()(vgg13_stages(x, width=width))
    logits = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, logits, name=name)


def vgg13_stages(x, *, width: float):
    """Applies the five stages to normalized images: [N, H, W, 3] to [N, H/32, W/32, 512 width]."""
    for stage_width in _WIDTHS_OF_STAGES:
        for _ in range(2):
            x = layers.Conv2D(
                max(1, round(stage_width * width)),
                3,
                padding="same",
                use_bias=False,  # The batch normalization that follows has one.
                kernel_initializer="he_normal",
            )(x)
            x = batch_normalization()(x)
            x = layers.ReLU()(x)
        x = layers.MaxPooling2D(2)(x)
    return x


def stage_averages(classifier: keras.Model, stages: int) -> list:
    """What the last stages of a VGG13-BN see in an image, wherever in the image it is.

    Args:
        classifier: As `vgg13_bn` builds it.
        stages: How many, from the last; 1 to 5.

    Returns:
        Of each, from early to late, the symbolic averages of its channels, [N, C]: of 32x32
        images, the last stage's are what the logits are made of.
    """
    ends = [layer for layer in classifier.layers if isinstance(layer, layers.MaxPooling2D)]
    return [layers.GlobalAveragePooling2D()(end.output) for end in ends[-stages:]]


def copy_stages(source: keras.Model, target: keras.Model) -> None:
    """Copies the weights of the five stages between networks that begin with them.

    Args:
        source: A network that applies `vgg13_stages` first of all.
        target: Another, of the same width.
    """

    def stages(model: keras.Model) -> list[keras.Layer]:
        kinds = (layers.Conv2D, layers.BatchNormalization)
        found = [layer for layer in model.layers if isinstance(layer, kinds)]
        return found[: 4 * len(_WIDTHS_OF_STAGES)]  # Two of each kind a stage.

    for from_layer, to_layer in zip(stages(source), stages(target), strict=True):
        to_layer.set_weights(from_layer.get_weights())
