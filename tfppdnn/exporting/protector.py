"""The protector as a SavedModel."""

from __future__ import annotations

import os

import keras
import tensorflow as tf

from tfppdnn.exporting.decoding import decode_image
from tfppdnn.exporting.graphs import protect_pixels
from tfppdnn.exporting.silence import silenced


def export_protector(model: keras.Model, directory: str | os.PathLike[str]) -> None:
    """Writes h_p as a SavedModel that loads with plain `tf.saved_model.load`.

    Its signatures:

    - `serving_default`: `image` uint8 [N, H, W, 3] to `protected` uint8 [N, H, W, 3].
    - `encoded`: `image_bytes` string [N], JPEG or PNG of any sizes, to `protected_bytes`
      string [N], PNG.

    Args:
        model: h_p, float32 [N, H, W, 3] in [0, 1] to the same.
        directory: Where the SavedModel shall stand.

    Raises:
        ValueError: The model computes in less than float32.
    """
    protect = protect_pixels(model)

    def protect_all(image: tf.Tensor) -> tf.Tensor:
        # TensorFlow's convolutions refuse an empty batch, which is its own answer.
        return tf.cond(tf.equal(tf.size(image), 0), lambda: image, lambda: protect(image))

    def protect_file(image_bytes: tf.Tensor) -> tf.Tensor:
        return tf.io.encode_png(protect(decode_image(image_bytes)[tf.newaxis])[0])

    # An endpoint brings the variables it uses; `track` would store them a second time.
    archive = keras.export.ExportArchive()
    archive.add_endpoint(
        "serving_default",
        lambda image: {"protected": protect_all(image)},
        input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")],
    )
    archive.add_endpoint(
        "encoded",
        lambda image_bytes: {
            "protected_bytes": tf.map_fn(protect_file, image_bytes, fn_output_signature=tf.string)
        },
        input_signature=[tf.TensorSpec([None], tf.string, name="image_bytes")],
    )
    with silenced():
        archive.write_out(os.fspath(directory))
