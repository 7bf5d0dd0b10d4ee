"""The gate as a SavedModel: says which images look protected, so that plain ones are refused."""

from __future__ import annotations

import os
from collections.abc import Callable

import tensorflow as tf

from tfppdnn.exporting.decoding import decode_image
from tfppdnn.exporting.graphs import write_saved_model


def write_gate(
    folder: str | os.PathLike[str],
    score: Callable[[tf.Tensor], tf.Tensor],
    *,
    threshold: float,
) -> None:
    """Writes the gate as a SavedModel that loads with plain `tf.saved_model.load`.

    Its signatures answer `score` float32 [N], high for protected, and `looks_protected`
    bool [N], whether the score is `threshold` or more, to

    - `serving_default`: `image` uint8 [N, H, W, 3], of any size from 1x1.
    - `encoded`: `image_bytes` string [N], JPEG or PNG of any sizes.

    Args:
        folder: Where the SavedModel shall stand.
        score: See `gate_scores`.
        threshold: Travels inside.
    """

    def judge(scores: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"score": scores, "looks_protected": scores >= threshold}

    def judge_images(image: tf.Tensor) -> dict[str, tf.Tensor]:
        # TensorFlow's convolutions refuse an empty batch: a blank image joins it and leaves.
        count = tf.shape(image)[0]
        blank = tf.cast(tf.equal(count, 0), tf.int32)
        return judge(score(tf.pad(image, [[0, blank], [0, 0], [0, 0], [0, 0]]))[:count])

    def judge_files(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return judge(
            tf.map_fn(
                lambda one: score(decode_image(one)[tf.newaxis])[0],
                image_bytes,
                fn_output_signature=tf.TensorSpec([], tf.float32),
            )
        )

    write_saved_model(
        folder,
        {
            "serving_default": (
                judge_images,
                [tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")],
            ),
            "encoded": (judge_files, [tf.TensorSpec([None], tf.string, name="image_bytes")]),
        },
    )
