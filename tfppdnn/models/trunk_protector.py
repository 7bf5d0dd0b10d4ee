"""A generator that sees with a trained trunk, keeps a short code, and draws that."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops
from numpy.typing import NDArray

from tfppdnn.models.code import RoundToLevels, code_of
from tfppdnn.models.randomized_response import RandomizedWords, noise_taken
from tfppdnn.models.resizing import NearestResizeLike, TriangleResize
from tfppdnn.models.tiles import DrawTiles
from tfppdnn.models.words import Words
from tfppdnn.system_noise import system_noise

_FEATURES_AT_ONCE = 4096


def trunk_protector(
    *,
    trunk: keras.Model,
    trunk_size: int = 128,
    code_size: int = 64,
    code_levels: int = 8,
    words: Callable[..., Words] | None = None,
    name: str = "trunk_protector",
) -> keras.Model:
    """Builds a generator from images to pictures of a code, whose encoder is untrained.

    `seen` shows the image to the trunk, a dense layer makes `code_size` numbers of its features,
    each is rounded to one of `code_levels`, and they are drawn as tiles, enlarged to the size of
    the image. There are at most `code_levels ** code_size` pictures.

    With `words`, words name the numbers instead of levels, and what is drawn as tiles is what the
    words stand for. Some may be drawn at random.

    Args:
        trunk: Maps float32 [N, trunk_size, trunk_size, 3] in [0, 1] to features, [N, F] or
            [N, h, w, F].
        trunk_size: Height and width that an image of any size is seen at.
        code_size: Numbers in the code.
        code_levels: Values that each of them can take, at least 2.
        words: Makes the layer that names them by words, from its name; its vocabulary is for
            the caller to set.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1], and from int32 noise with `RandomizedWords`
        (see there), to float32 [N, H, W, 3] in [0, 1].
    """
    images = keras.Input((None, None, 3), name="image")
    x = seen(images, trunk=trunk, trunk_size=trunk_size)
    x = layers.Dense(code_size, dtype="float32", name="code")(x)
    inputs = [images]
    if words is None:
        x = RoundToLevels(code_levels, dtype="float32", name="rounded_code")(x)
    else:
        layer = words(dtype="float32", name="words")
        if isinstance(layer, RandomizedWords):
            inputs.append(layer.noise_input())
        x = layer(x, *inputs[1:])
    x = DrawTiles(dtype="float32")(x)
    drawn = NearestResizeLike(dtype="float32")(x, images)
    return keras.Model(inputs if len(inputs) > 1 else images, drawn, name=name)


def features_of(trunk: keras.Model, trunk_size: int) -> keras.Model:
    """Builds what the encoder of `trunk_protector` is given: images of any size to [N, F]."""
    images = keras.Input((None, None, 3), name="image")
    return keras.Model(images, seen(images, trunk=trunk, trunk_size=trunk_size), name="features")


def seen(images, *, trunk: keras.Model, trunk_size: int):
    """What the trunk makes of images of any size: float [N, H, W, 3] to its features [N, F]."""
    x = trunk(TriangleResize(trunk_size, name="seen")(images))
    return x if len(x.shape) == 2 else layers.GlobalAveragePooling2D(name="features")(x)


def codes_of(protector: keras.Model, features) -> NDArray[np.float32]:
    """What a `trunk_protector` draws of features, noise of the operating system's included.

    Args:
        protector: As it was built or loaded.
        features: What its trunk sees of pictures, float [N, F].

    Returns:
        Float32 [N, D] in [-1, 1].
    """
    numbers, code = protector.get_layer("code"), code_of(protector)
    size = noise_taken(protector)
    noise = [] if size is None else [system_noise(len(features), size)]
    parts = []
    for start in range(0, len(features), _FEATURES_AT_ONCE):
        some = slice(start, start + _FEATURES_AT_ONCE)
        drawn = code(numbers(features[some]), *(one[some] for one in noise))
        parts.append(ops.convert_to_numpy(drawn))
    return np.concatenate(parts)


def trunk_of(protector: keras.Model) -> keras.Model:
    """The trunk inside a `trunk_protector`."""
    return next(layer for layer in protector.layers if isinstance(layer, keras.Model))
