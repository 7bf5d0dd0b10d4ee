"""A code: few numbers, each rounded to one of few levels, that all of an image goes through."""

from __future__ import annotations

import math

import keras
from keras import layers, ops


def code_bits(code_size: int, code_levels: int) -> float:
    """log2 of how many codes there are, and so of how many pictures can be drawn from them."""
    return code_size * math.log2(code_levels)


class Code(layers.Layer):
    """A layer that all of an image goes through, and whose output has few values.

    Attributes:
        bits: log2 of how many.
        facts: What a card says of it: of how many parts it is, of how many values each.
    """

    bits: float
    facts: dict[str, int]


def code_of(model: keras.Model) -> Code | None:
    """Finds the code that a model draws from.

    Args:
        model: A generator, as it was built or loaded.

    Returns:
        Its layer, or None if there is none.
    """
    return next((layer for layer in model.layers if isinstance(layer, Code)), None)


@keras.saving.register_keras_serializable(package="tfppdnn")
class RoundToLevels(Code):
    """Rounds to equally spaced levels in [-1, 1], and lets gradients pass as if it did not.

    (Finite scalar quantization: Mentzer et al., 2024.)

    Args:
        levels: How many, at least 2.
    """

    def __init__(self, levels: int, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels

    @property
    def bits(self) -> float:
        """log2 of how many codes there are."""
        return code_bits(self.output.shape[-1], self.levels)

    @property
    def facts(self) -> dict[str, int]:
        """How many numbers, and levels of each."""
        return {"numbers": self.output.shape[-1], "levels": self.levels}

    def call(self, numbers):
        """Maps float [N, D] to float [N, D], every value one of the levels."""
        bounded = ops.tanh(numbers)
        steps = (self.levels - 1) / 2
        rounded = ops.round((bounded + 1) * steps) / steps - 1
        return bounded + ops.stop_gradient(rounded - bounded)

    def get_config(self):
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "levels": self.levels}
