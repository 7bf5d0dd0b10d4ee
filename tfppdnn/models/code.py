"""A code: few numbers, each rounded to one of few levels, that all of an image goes through."""

from __future__ import annotations

import math

import keras
from keras import layers, ops


def code_bits(code_size: int, code_levels: int) -> float:
    """log2 of how many codes there are, and so of how many pictures can be drawn from them."""
    return code_size * math.log2(code_levels)


def code_of(model: keras.Model) -> tuple[int, int] | None:
    """Finds the code that a model draws from: how many numbers, and levels of each.

    Args:
        model: A generator, as it was built or loaded.

    Returns:
        Both, or None if the model rounds to no code.
    """
    for layer in model.layers:
        if isinstance(layer, RoundToLevels):
            return layer.output.shape[-1], layer.levels
    return None


@keras.saving.register_keras_serializable(package="tfppdnn")
class RoundToLevels(layers.Layer):
    """Rounds to equally spaced levels in [-1, 1], and lets gradients pass as if it did not.

    (Finite scalar quantization: Mentzer et al., 2024.)

    Args:
        levels: How many, at least 2.
    """

    def __init__(self, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels

    def call(self, numbers):
        """Maps float [N, D] to float [N, D], every value one of the levels."""
        bounded = ops.tanh(numbers)
        steps = (self.levels - 1) / 2
        rounded = ops.round((bounded + 1) * steps) / steps - 1
        return bounded + ops.stop_gradient(rounded - bounded)

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "levels": self.levels}
