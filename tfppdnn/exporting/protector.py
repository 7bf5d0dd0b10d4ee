"""The protector as a SavedModel."""

from __future__ import annotations

import os
from collections.abc import Sequence

import keras
import tensorflow as tf

from tfppdnn.exporting.decoding import decode_image
from tfppdnn.exporting.graphs import noise_specs, protect_pixels, write_saved_model


def export_protector(model: keras.Model, directory: str | os.PathLike[str]) -> None:
    """Writes h_p as a SavedModel that loads with plain `tf.saved_model.load`.

    Its signatures:

    - `serving_default`: `image` uint8 [N, H, W, 3] to `protected` uint8 [N, H, W, 3].
    - `encoded`: `image_bytes` string [N], JPEG or PNG of any sizes, to `protected_bytes`
      string [N], PNG.

    If h_p draws at random, both also take `noise` int32 [N, M], see `tfppdnn.system_noise`.

    Args:
        model: h_p, float32 [N, H, W, 3] in [0, 1] to the same, and noise if it takes any.
        directory: Where the SavedModel shall stand.

    Raises:
        ValueError: The model computes in less than float32.
    """
    protect, noise = protect_pixels(model), noise_specs(model, None)

    def protect_all(image: tf.Tensor, *drawn: tf.Tensor) -> dict[str, tf.Tensor]:
        # TensorFlow's convolutions refuse an empty batch, which is its own answer.
        empty = tf.equal(tf.size(image), 0)
        return {"protected": tf.cond(empty, lambda: image, lambda: protect(image, *drawn))}

    def protect_file(one: Sequence[tf.Tensor]) -> tf.Tensor:
        image_bytes, *drawn = one
        alone = (numbers[tf.newaxis] for numbers in drawn)
        return tf.io.encode_png(protect(decode_image(image_bytes)[tf.newaxis], *alone)[0])

    def protect_files(image_bytes: tf.Tensor, *drawn: tf.Tensor) -> dict[str, tf.Tensor]:
        files = tf.map_fn(protect_file, (image_bytes, *drawn), fn_output_signature=tf.string)
        return {"protected_bytes": files}

    write_saved_model(
        directory,
        {
            "serving_default": (
                protect_all,
                [
                    tf.TensorSpec([None, None, None, 3], tf.uint8, name="image"),
                    *noise,
                ],
            ),
            "encoded": (
                protect_files,
                [tf.TensorSpec([None], tf.string, name="image_bytes"), *noise],
            ),
        },
    )
