"""What the comparisons of training steps share."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

STEPS_COMPARED = 3
"""Steps before which losses are compared; the last one's tell of the gradients of those before."""


def pictures(seed: int, count: int) -> np.ndarray:
    """Smooth pictures, whose pixels hang together as those of photographs do.

    Args:
        seed: Other pictures for another seed.
        count: How many.

    Returns:
        float32 [count, 32, 32, 3] in [0, 1], multiples of 1/255.
    """
    random = np.random.default_rng(seed)
    coarse = random.random((count, 8, 8, 3)).repeat(4, axis=1).repeat(4, axis=2)
    mixed = 0.8 * coarse + 0.2 * random.random((count, 32, 32, 3))
    return (np.rint(mixed * 255) / 255).astype(np.float32)


def labels(seed: int, count: int) -> np.ndarray:
    """int32 [count], of ten classes."""
    return np.random.default_rng(seed).integers(0, 10, count, dtype=np.int32)


def as_fit_does(model: Any, batch: Any) -> Callable[[], dict[str, Any]]:
    """Returns one training step of a compiled Keras model, the function that `fit` calls.

    Args:
        model: Compiled, and built.
        batch: What `train_step` is given, the same at each step.
    """
    import tensorflow as tf

    model.make_train_function()
    batches = iter(tf.data.Dataset.from_tensors(batch).repeat().prefetch(4))
    return lambda: model.train_function(batches)


def on_all_cores() -> Any:
    """Returns `torch`, told to use every core that this process may, as TensorFlow does."""
    import torch

    torch.set_num_threads(len(os.sched_getaffinity(0)))
    return torch


def in_channels_last(images: np.ndarray) -> Any:
    """Turns float32 [N, H, W, C] images into a tensor [N, C, H, W] of the same memory layout."""
    import torch

    return torch.from_numpy(images).permute(0, 3, 1, 2)


def as_float(values: Sequence[Any]) -> np.ndarray:
    """float32 [N] of N scalars, of whatever kind."""
    return np.array([float(value) for value in values], np.float32)
