"""Protecting what a `tf.data.Dataset` draws."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from tfppdnn.errors import UserError

if TYPE_CHECKING:
    import tensorflow as tf


def mapped(
    dataset: tf.data.Dataset, protect: Callable[[np.ndarray], np.ndarray]
) -> tf.data.Dataset:
    """Protects the images of a data set; see `Protector.map`."""
    import tensorflow as tf

    if not isinstance(dataset, tf.data.Dataset):
        raise UserError(
            f"map takes a tf.data.Dataset, not {type(dataset).__name__}; protect takes arrays"
        )
    spec = dataset.element_spec
    images = spec[0] if isinstance(spec, tuple) and spec else spec
    if not isinstance(images, tf.TensorSpec) or images.dtype != tf.uint8 or not _fits(images.shape):
        raise UserError(
            f"the data set is one of {images}; give uint8 images [H, W, 3] or batches "
            "[N, H, W, 3], alone or first in tuples"
        )

    def protected(image: tf.Tensor) -> tf.Tensor:
        made = tf.numpy_function(protect, [image], tf.uint8, stateful=False)
        return tf.ensure_shape(made, image.shape)

    if isinstance(spec, tuple):
        return dataset.map(lambda image, *others: (protected(image), *others))
    return dataset.map(protected)


def _fits(shape: tf.TensorShape) -> bool:
    return shape.rank is None or (shape.rank in (3, 4) and shape[-1] in (3, None))
