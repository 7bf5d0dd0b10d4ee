"""A classifier with one hidden layer: of features, or of pictures that are drawn codes."""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from tfppdnn.models.layers import IMAGENET_MEAN, IMAGENET_STD, standard_normalization
from tfppdnn.models.resizing import AreaResize

SEEN_SIZE = 32
"""Height and width that pictures are averaged down to; the tiles of a code are fewer."""


def dense_classifier(
    *,
    num_classes: int,
    width: int = 512,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    name: str = "dense_classifier",
) -> keras.Model:
    """Builds a classifier that looks at every place of a picture by a weight of its own.

    In the picture of a code, tiles that lie side by side have nothing to do with each other:
    convolutions, which treat all places alike, would have to learn that first.

    Args:
        num_classes: Number of logits.
        width: Units of the hidden layer.
        mean: Mean of the training pictures per channel, in [0, 1].
        std: Their standard deviation per channel.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to float32 logits [N, num_classes].
    """
    images = keras.Input((None, None, 3), name="image")
    x = AreaResize(SEEN_SIZE)(images)
    x = layers.Flatten()(standard_normalization(mean, std)(x))
    return keras.Model(images, dense_head(x, num_classes=num_classes, width=width), name=name)


def feature_classifier(*, features: int, num_classes: int, width: int = 512) -> keras.Model:
    """Builds the same head for float features [N, features], which it standardises by the batch."""
    given = keras.Input((features,), name="features")
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5, center=False, scale=False)(given)
    return keras.Model(given, dense_head(x, num_classes=num_classes, width=width), name="head")


def dense_head(x, *, num_classes: int, width: int):
    """Classifies by one hidden layer: float [N, D] to float32 logits [N, num_classes]."""
    x = layers.Dropout(0.1)(x)
    x = layers.Dense(width, use_bias=False)(x)
    x = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x)
    x = layers.Dropout(0.3)(layers.ReLU()(x))
    return layers.Dense(num_classes, dtype="float32", name="logits")(x)
