"""What the cloud is given to train on: augmented, then protected, then 8-bit (Fig. 5a)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

Protect = Callable[[np.ndarray], np.ndarray]
"""Maps uint8 [N, H, W, 3] to the same."""


def protected_batches(batches: tf.data.Dataset, protect: Protect) -> tf.data.Dataset:
    """Protects every batch, on the client's side of the fence.

    Args:
        batches: Pairs of float32 [B, S, S, 3] in [0, 1] and labels [B].
        protect: Maps uint8 [B, S, S, 3] to the same.

    Returns:
        Pairs of float32 [B, S, S, 3], multiples of 1/255, and labels [B].
    """

    def protect_batch(images, labels):
        pixels = tf.cast(tf.round(images * 255), tf.uint8)
        protected = tf.numpy_function(protect, [pixels], tf.uint8)
        return tf.cast(tf.ensure_shape(protected, images.shape), tf.float32) / 255, labels

    count = batches.cardinality()
    protected = batches.map(protect_batch).prefetch(4)
    return protected.apply(tf.data.experimental.assert_cardinality(count))
