"""A generator that sees with a trained trunk, keeps a short code, and draws that."""

from __future__ import annotations

import keras
from keras import layers

from tfppdnn.models.code import RoundToLevels
from tfppdnn.models.resizing import NearestResizeLike, TriangleResize
from tfppdnn.models.tiles import DrawTiles


def trunk_protector(
    *,
    trunk: keras.Model,
    trunk_size: int = 128,
    code_size: int = 64,
    code_levels: int = 8,
    name: str = "trunk_protector",
) -> keras.Model:
    """Builds a generator from images to pictures of a code, whose encoder is untrained.

    `seen` shows the image to the trunk, a dense layer makes `code_size` numbers of its features,
    each is rounded to one of `code_levels`, and they are drawn as tiles, enlarged to the size of
    the image. There are at most `code_levels ** code_size` pictures.

    Args:
        trunk: Maps float32 [N, trunk_size, trunk_size, 3] in [0, 1] to features, [N, F] or
            [N, h, w, F].
        trunk_size: Height and width that an image of any size is seen at.
        code_size: Numbers in the code.
        code_levels: Values that each of them can take, at least 2.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to the same.
    """
    images = keras.Input((None, None, 3), name="image")
    x = seen(images, trunk=trunk, trunk_size=trunk_size)
    x = layers.Dense(code_size, dtype="float32", name="code")(x)
    x = RoundToLevels(code_levels, dtype="float32", name="rounded_code")(x)
    x = DrawTiles(dtype="float32")(x)
    return keras.Model(images, NearestResizeLike(dtype="float32")(x, images), name=name)


def features_of(trunk: keras.Model, trunk_size: int) -> keras.Model:
    """Builds what the encoder of `trunk_protector` is given: images of any size to [N, F]."""
    images = keras.Input((None, None, 3), name="image")
    return keras.Model(images, seen(images, trunk=trunk, trunk_size=trunk_size), name="features")


def seen(images, *, trunk: keras.Model, trunk_size: int):
    """What the trunk makes of images of any size: float [N, H, W, 3] to its features [N, F]."""
    x = trunk(TriangleResize(trunk_size, name="seen")(images))
    return x if len(x.shape) == 2 else layers.GlobalAveragePooling2D(name="features")(x)


def trunk_of(protector: keras.Model) -> keras.Model:
    """The trunk inside a `trunk_protector`."""
    return next(layer for layer in protector.layers if isinstance(layer, keras.Model))
