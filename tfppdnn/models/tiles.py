"""A code drawn as a picture: a tile for each number, as bright as the number is large."""

from __future__ import annotations

import math

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable(package="tfppdnn")
class DrawTiles(layers.Layer):
    """Draws each number as a grey tile of a square grid, row by row.

    Nothing is learnt, so nothing is hidden by it either: the picture is the code, and whoever has
    the picture has the code. Large even tiles keep their level where a picture is compressed,
    or its lowest bits are changed. Tiles without a number are mid-grey.
    """

    def call(self, code):
        """Maps float [N, D] in [-1, 1] to float [N, S, S, 3] in [0, 1], S the grid's side."""
        count = code.shape[-1]
        side = grid_side(count)
        code = ops.pad(code, ((0, 0), (0, side * side - count)))
        grey = ops.reshape((code + 1) / 2, (-1, side, side, 1))
        return ops.concatenate([grey, grey, grey], axis=-1)

    def compute_output_shape(self, input_shape):
        """Knows the side of the grid."""
        side = grid_side(input_shape[-1])
        return (input_shape[0], side, side, 3)


def grid_side(count: int) -> int:
    """Tiles along each side of the smallest square grid that holds `count` of them."""
    return math.isqrt(count - 1) + 1


@keras.saving.register_keras_serializable(package="tfppdnn")
class ReadTiles(layers.Layer):
    """Reads a picture's tiles: the mean of the very pixels that `NearestResizeLike` gives each.

    Args:
        side: Tiles along each side.
    """

    def __init__(self, side: int, **kwargs):
        super().__init__(**kwargs)
        self.side = side

    def call(self, images):
        """Maps float [N, H, W, C] to float [N, side, side, C]; H and W from `side`."""
        rows, columns = (self._shares(ops.shape(images)[axis]) for axis in (1, 2))
        return ops.einsum("ih,nhwc,jw->nijc", rows, images, columns)

    def _shares(self, length):
        """[side, length]: of which pixels each tile is the mean."""
        tiles = ops.arange(length, dtype="int32") * self.side // length
        own = ops.cast(ops.arange(self.side, dtype="int32")[:, None] == tiles[None, :], "float32")
        return own / ops.maximum(ops.sum(own, axis=1, keepdims=True), 1.0)

    def compute_output_shape(self, input_shape):
        """Knows the number of tiles."""
        return (input_shape[0], self.side, self.side, input_shape[3])

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "side": self.side}
