"""A code of few words: what an image is named by, in place of numbers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tfppdnn.models.code import Code


@keras.saving.register_keras_serializable(package="tfppdnn")
class Words(Code):
    """Names numbers by few words, and gives back what the words stand for.

    Each word is one of K. The first is the one nearest to the numbers, the second the one
    nearest to what the first leaves over, and so on (residual vector quantisation). Gradients pass
    as if nothing was rounded.

    Args:
        choices: K, at least 2.
        words: How many words name an image.
    """

    def __init__(self, *, choices: int = 64, words: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.choices, self.words = choices, words

    @property
    def bits(self) -> float:
        """log2 of how many codes there are."""
        return self.words * math.log2(self.choices)

    @property
    def facts(self) -> dict[str, int]:
        """How many words, and values of each."""
        return {"words": self.words, "choices": self.choices}

    def build(self, numbers_shape):
        """Makes the vocabulary: what each value of each word stands for."""
        self.vocabulary = self.add_weight(
            name="vocabulary",
            shape=(self.words, self.choices, numbers_shape[-1]),
            initializer="zeros",
            trainable=False,
        )

    def call(self, numbers):
        """Maps float [N, D] to what its words stand for, float [N, D] in [-1, 1]."""
        # Zero, and in the brackets even when rounded: nothing but the words gets through.
        return self.said(numbers) + (numbers - ops.stop_gradient(numbers))

    def said(self, numbers, spoken: Callable[[int, Any], Any] = lambda word, true: true):
        """Maps numbers to what the words stand for that are spoken of them, without gradients.

        Args:
            numbers: Float [N, D].
            spoken: Maps the place of a word, and which value is the true one, int32 [N], to
                the values that take its place.

        Returns:
            Float [N, D] in [-1, 1].
        """
        left, said = ops.stop_gradient(numbers), 0.0
        for word in range(self.words):
            values = self.vocabulary[word]
            distances = ops.sum(values**2, axis=1) - 2 * ops.matmul(left, ops.transpose(values))
            # Keras's argmin looks at the sign of zeros, by operations that LiteRT has not.
            nearest = ops.cast(ops.top_k(-distances, 1)[1][:, 0], "int32")
            left -= ops.take(values, nearest, axis=0)
            said += ops.take(values, spoken(word, nearest), axis=0)
        return ops.clip(said, -1.0, 1.0)

    def compute_output_shape(self, numbers_shape):
        """Knows that as many numbers come out."""
        return numbers_shape

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "choices": self.choices, "words": self.words}
