"""Local differential privacy: a code of few words, some of which are drawn at random."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from tfppdnn import workers
from tfppdnn.models.words import Words

_VALUES = 2**32
"""How many values a random number has, all equally likely."""

# What a logarithm in float64 may be wrong by, and more.
_ROUNDING = 1e-12


@keras.saving.register_keras_serializable(package="tfppdnn")
class RandomizedWords(Words):
    """Names numbers by few words, keeps each word with some probability, and draws it otherwise.

    A word is kept with probability p; otherwise all K are equally likely, the true one among
    them: the K-ary randomised response of Warner (1965) and Kairouz, Oh and Viswanath (2014). So
    the true word comes out with probability p + (1 - p) / K and any other with (1 - p) / K,
    whatever the picture shows. What comes out of one picture is epsilon-locally differentially
    private: docs/privacy.md has the proof. p is a whole number of 2^32 parts, so that
    `exact_epsilon` counts outcomes.

    Gradients pass to the numbers where no word was drawn anew.

    Args:
        epsilon: Of all words of a picture together, greater than 0.
        choices: K, a power of 2, so that all words are drawn equally often.
        words: How many words name a picture.
    """

    def __init__(self, epsilon: float, *, choices: int = 64, words: int = 1, **kwargs):
        super().__init__(choices=choices, words=words, **kwargs)
        if choices < 2 or choices & (choices - 1):
            raise ValueError(f"choices={choices}: give a power of 2")
        self.epsilon = epsilon
        self.kept = kept_of_values(epsilon, choices=choices, words=words)

    @property
    def noise_size(self) -> int:
        """Random numbers for each picture: whether to keep each word, and each word anew."""
        return 2 * self.words

    def noise_input(self) -> keras.KerasTensor:
        """Makes the second input of a model: int32 [N, 2 * words], `noise`."""
        return keras.Input((self.noise_size,), dtype="int32", name="noise")

    def build(self, numbers_shape, noise_shape):
        """Makes the vocabulary: what each value of each word stands for."""
        if noise_shape[-1] != self.noise_size:
            raise ValueError(f"{self.words} words take {self.noise_size} random numbers each")
        super().build(numbers_shape)

    def call(self, numbers, noise):
        """Maps numbers to what the words that were kept or drawn stand for.

        Args:
            numbers: Float [N, D].
            noise: int32 [N, 2 * words], see `tfppdnn.system_noise`.

        Returns:
            Float [N, D] in [-1, 1].
        """
        keep = noise[:, : self.words] < self.kept - _VALUES // 2
        drawn = ops.mod(noise[:, self.words :], self.choices)
        said = self.said(numbers, lambda word, true: ops.where(keep[:, word], true, drawn[:, word]))
        # The value is what was said; the gradient that of the numbers, if all was true.
        true = ops.cast(ops.all(keep, axis=1, keepdims=True), numbers.dtype)
        return said + true * (numbers - ops.stop_gradient(numbers))

    def compute_output_shape(self, numbers_shape, noise_shape):
        """Knows that as many numbers come out."""
        return numbers_shape

    def get_config(self) -> dict[str, Any]:
        """Returns what `from_config` needs to make an equal layer."""
        return {**super().get_config(), "epsilon": self.epsilon}


def kept_of_values(epsilon: float, *, choices: int, words: int) -> int:
    """Finds how many of the 2^32 values of a random number keep a word: as many as may.

    Args:
        epsilon: Of all words together, greater than 0.
        choices: Values of a word, K.
        words: How many there are.

    Returns:
        The largest number whose `exact_epsilon` is at most `epsilon`.

    Raises:
        ValueError: `epsilon` is so small that a word could never be kept.
    """
    # In float64 this is right but for a few: e^x - 1 and the division round.
    drawn = choices / (math.expm1(min(epsilon / words, 700.0)) + choices)
    kept = min(math.floor(_VALUES * (1 - drawn)) + 2, _VALUES - 1)
    while kept and exact_epsilon(kept, choices=choices, words=words) > epsilon - _ROUNDING:
        kept -= 1
    if not kept:
        raise ValueError(f"epsilon={epsilon}: nothing is left of {words} words of {choices}")
    return kept


def exact_epsilon(kept: int, *, choices: int, words: int) -> float:
    """The log of how many times as likely one picture makes a code as any other picture does.

    Counted in whole numbers. Noise that is 0 throughout draws no code (see
    `tfppdnn.exporting.graphs`), so an outcome may be reached in one way less than it would be.

    Args:
        kept: Values of a random number that keep a word, of 2^32.
        choices: Values of a word, K, a power of 2.
        words: How many there are.
    """
    # Of the 2^64 ways that two random numbers fall, so many lead to each other word, and to the
    # true one.
    other = (_VALUES - kept) * (_VALUES // choices)
    true = kept * _VALUES + other
    return math.log(true**words) - math.log(other**words - 1)


def privacy_epsilon(model: keras.Model) -> float | None:
    """Finds the epsilon that one picture of a model is differentially private with.

    Args:
        model: A generator, as it was built or loaded.

    Returns:
        It, or None if the model draws nothing at random.
    """
    for layer in getattr(model, "layers", ()):
        if isinstance(layer, RandomizedWords):
            return layer.epsilon
    return None


def noise_taken(network: keras.Model) -> int | None:
    """How many random numbers a network takes beside each image, or None if it takes images only.

    Args:
        network: A functional Keras model, or anything else that has no such input.
    """
    inputs = getattr(network, "inputs", None) or []
    return inputs[1].shape[-1] if len(inputs) == 2 else None


def undrawn(network: keras.Model) -> Callable:
    """Makes a network that takes noise one that keeps every word, as its owner can run it.

    Args:
        network: From float32 [N, H, W, 3], and noise if it takes any, to the same.

    Returns:
        A function of images, and of `training`; the network itself if it takes no noise.
    """
    return _given(network, lambda rows, size: ops.full((rows, size), -_VALUES // 2, dtype="int32"))


def drawing(network: keras.Model) -> Callable:
    """Makes a network that takes noise one that draws it, to train with or to attack.

    Its numbers are Keras's, which repeat with the seed: what it makes is no image to send.

    Args:
        network: From float32 [N, H, W, 3], and noise if it takes any, to the same.

    Returns:
        A function of images, and of `training`; the network itself if it takes no noise.
    """
    half = _VALUES // 2

    def drawn(rows, size):
        return workers.drawn(
            lambda rows: keras.random.randint((rows, size), -half, half - 1, dtype="int32"), rows
        )

    return _given(network, drawn)


def _given(network: keras.Model, noise: Callable) -> Callable:
    """A network with noise of so many rows and numbers put in, if it takes any."""
    size = noise_taken(network)
    if size is None:
        return network

    def run(images, training=False):
        return network([images, noise(ops.shape(images)[0], size)], training=training)

    return run
