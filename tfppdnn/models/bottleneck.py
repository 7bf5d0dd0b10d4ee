"""A generator through which only a short code passes: few numbers, each of few levels."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import numpy as np
from keras import layers

from tfppdnn.models.batch_normalization import batch_normalization
from tfppdnn.models.code import RoundToLevels
from tfppdnn.models.layers import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NearestUpsample2x,
    normalization,
    standard_normalization,
)
from tfppdnn.models.randomized_response import RandomizedWords
from tfppdnn.models.resizing import AreaResize, NearestResizeLike
from tfppdnn.models.vgg13 import vgg13_stages

# The decoder starts from an eighth of the image's height and width.
_DOUBLINGS = 3


def bottleneck(
    *,
    image_size: int = 32,
    encoder_width: float = 1.0,
    code_size: int = 16,
    code_levels: int = 8,
    decoder_width: int = 32,
    privacy_epsilon: float | None = None,
    mean: Sequence[float] = IMAGENET_MEAN,
    std: Sequence[float] = IMAGENET_STD,
    name: str = "bottleneck",
) -> keras.Model:
    """Builds a generator from images to images that has no other way than through a code.

    The image is averaged down to `image_size`, the stages of VGG13-BN make features of it,
    and those become `code_size` numbers, each rounded to one of `code_levels`. A decoder draws
    a picture from the code alone, which is enlarged to the size of the image. So there are
    at most `code_levels ** code_size` pictures of one size. What that bounds, and what it does
    not, says `tfppdnn.leakage.CodeBound`.

    With `privacy_epsilon` the code is one word of `code_size`, which is kept or drawn at random;
    see `RandomizedWords`. Each number is the share of one word (softmax), and the word with the
    largest is said.

    Args:
        image_size: Height and width that the image is seen and drawn at; a multiple of 8, at
            least 32.
        encoder_width: Multiplies the channels of VGG13-BN's stages.
        code_size: Numbers in the code; with `privacy_epsilon` a power of 2.
        code_levels: Values that each of them can take, at least 2; with `privacy_epsilon`, 2.
        decoder_width: Channels of the decoder at full resolution; each halving doubles them.
        privacy_epsilon: Of the local differential privacy of one picture; None for none.
        mean: Mean of the images the network will see, per channel, in [0, 1].
        std: Their standard deviation, per channel.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1], and from int32 [N, 2] noise with
        `privacy_epsilon`, to float32 [N, H, W, 3] in [0, 1].
    """
    images = keras.Input((None, None, 3), name="image")
    x = AreaResize(image_size)(images)
    x = standard_normalization(mean, std)(x)
    x = vgg13_stages(x, width=encoder_width)
    x = layers.Flatten()(x)
    inputs = [images]
    if privacy_epsilon is None:
        x = layers.Dense(code_size, use_bias=False, name="code")(x)
        x = batch_normalization()(x)
        x = RoundToLevels(code_levels, dtype="float32", name="rounded_code")(x)
    else:
        x = layers.Dense(code_size, name="code")(x)
        word = RandomizedWords(privacy_epsilon, choices=code_size, dtype="float32", name="word")
        inputs.append(word.noise_input())
        x = word(layers.Softmax(dtype="float32")(x), inputs[-1])
        word.vocabulary.assign(np.eye(code_size)[None])

    start = image_size // 2**_DOUBLINGS
    width = decoder_width * 2**_DOUBLINGS
    x = layers.Dense(start * start * width)(x)
    x = layers.Reshape((start, start, width))(x)
    for halvings in reversed(range(_DOUBLINGS)):
        x = _convolution(NearestUpsample2x()(x), decoder_width * 2**halvings)
    x = _convolution(LearnedCanvas()(x), decoder_width)
    x = layers.Conv2D(3, 1, activation="sigmoid", dtype="float32", name="pixels")(x)
    drawn = NearestResizeLike(dtype="float32")(x, images)
    return keras.Model(inputs if len(inputs) > 1 else images, drawn, name=name)


@keras.saving.register_keras_serializable(package="tfppdnn")
class LearnedCanvas(layers.Layer):
    """Adds a learned map, noise at first, that gives a decoder fine grain to work with."""

    def build(self, input_shape):
        """Makes the map, one image of the input's height, width and channels."""
        self.map = self.add_weight(
            name="map",
            shape=input_shape[1:],
            initializer=keras.initializers.RandomNormal(stddev=1.0),
        )

    def call(self, images):
        """Maps float [N, H, W, C] to the same shape."""
        return images + self.map


def _convolution(x, width: int):
    x = layers.Conv2D(width, 3, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.ReLU()(normalization("batch")(x))
