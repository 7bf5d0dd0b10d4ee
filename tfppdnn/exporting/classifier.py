"""A classifier as a SavedModel, with a LiteRT file inside for `serve`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import keras
import tensorflow as tf

from tfppdnn.exporting.decoding import decode_image
from tfppdnn.exporting.graphs import write_saved_model
from tfppdnn.exporting.tflite import as_tflite
from tfppdnn.models.inference import inference


def export_classifier(
    model: keras.Model,
    class_names: Sequence[str],
    directory: str | os.PathLike[str],
    *,
    image_size: int | tuple[int, int],
    litert: bool = True,
) -> None:
    """Writes a classifier as a SavedModel that loads with plain `tf.saved_model.load`.

    Its signatures answer `probabilities` float32 [N, K], `class_id` int64 [N] and `label`
    string [N] to

    - `serving_default`: `image` uint8 [N, H, W, 3].
    - `encoded`: `image_bytes` string [N], JPEG or PNG of any sizes.

    Images of another size than the classifier was trained at are resized bilinearly
    (with antialiasing when made smaller, as Pillow does) and rounded to 8 bits.

    Two files lie in `assets.extra` for who has no TensorFlow: `labels.json`, a list of the names,
    and `classifier.tflite`, from uint8 [N, *image_size, 3] to probabilities, float32 [N, K].

    Args:
        model: Maps float32 [N, H, W, 3] in [0, 1] to logits [N, K].
        class_names: K names; they travel inside.
        directory: Where the SavedModel shall stand.
        image_size: Height and width that the classifier was trained at; one number for both.
        litert: Whether to write `classifier.tflite`, which `serve` runs.

    Raises:
        ValueError: The number of names is not the number of logits.
        Exception: What TensorFlow's converter raises on a layer that LiteRT does not know; with
            `litert=False` there is no need for it to.
    """
    if len(class_names) != model.output_shape[-1]:
        raise ValueError(
            f"{len(class_names)} class names for a model of {model.output_shape[-1]} classes"
        )
    size = (image_size, image_size) if isinstance(image_size, int) else tuple(image_size)
    names = tf.constant(list(class_names))
    run = inference(model)

    def classify(image: tf.Tensor) -> dict[str, tf.Tensor]:
        # TensorFlow's convolutions refuse an empty batch: a blank image joins it and leaves.
        count = tf.shape(image)[0]
        blank = tf.cast(tf.equal(count, 0), tf.int32)
        image = tf.pad(_resized(image, size), [[0, blank], [0, 0], [0, 0], [0, 0]])
        logits = run(image / 255.0)[:count]
        probabilities = tf.nn.softmax(tf.cast(logits, tf.float32))
        class_id = tf.argmax(probabilities, axis=-1, output_type=tf.int64)
        return {
            "probabilities": probabilities,
            "class_id": class_id,
            "label": tf.gather(names, class_id),
        }

    def classify_files(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        images = tf.map_fn(
            lambda one: _resized(decode_image(one)[tf.newaxis], size)[0],
            image_bytes,
            fn_output_signature=tf.TensorSpec([*size, 3], tf.float32),
        )
        return classify(images)

    write_saved_model(
        directory,
        {
            "serving_default": (
                classify,
                [tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")],
            ),
            "encoded": (classify_files, [tf.TensorSpec([None], tf.string, name="image_bytes")]),
        },
    )
    beside = Path(directory, "assets.extra")
    beside.mkdir()
    labels = json.dumps(list(class_names), indent=2) + "\n"
    (beside / "labels.json").write_text(labels, encoding="utf-8")
    if not litert:
        return
    of_this_size = tf.TensorSpec([None, *size, 3], tf.uint8, name="image")

    def classify_pixels(image: tf.Tensor) -> dict[str, tf.Tensor]:
        logits = run(tf.cast(image, tf.float32) / 255.0)
        return {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))}

    content = as_tflite({"serving_default": (classify_pixels, [of_this_size])})
    (beside / "classifier.tflite").write_bytes(content)


def _resized(image: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Maps [N, H, W, 3] of pixel values to float32 [N, *size, 3] of whole pixel values."""
    resized = tf.image.resize(tf.cast(image, tf.float32), size, "bilinear", antialias=True)
    return tf.ensure_shape(tf.round(resized), [None, *size, 3])
