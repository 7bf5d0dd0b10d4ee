"""Training in 16 bits where the processor gains by it; what leaves is always float32."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import keras


@contextlib.contextmanager
def computing_in_bfloat16(mixed_precision: bool) -> Iterator[None]:
    """Makes the models built in the body compute in bfloat16, with float32 weights.

    Args:
        mixed_precision: Whether to; if not, nothing changes.
    """
    before = keras.config.dtype_policy()
    if mixed_precision:
        keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def in_float32(model: keras.Model, build: Callable[[], keras.Model]) -> keras.Model:
    """Returns a model with the same weights that computes in float32: itself if it does.

    Args:
        model: A trained model.
        build: Builds its like, outside `computing_in_bfloat16`.
    """
    if all(layer.compute_dtype == "float32" for layer in model.layers):
        return model
    copy = build()
    copy.set_weights(model.get_weights())
    return copy
