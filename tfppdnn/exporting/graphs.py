"""What every exported protector computes, and how functions become a SavedModel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence

import keras
import tensorflow as tf

from tfppdnn.models.inference import inference
from tfppdnn.models.randomized_response import noise_taken
from tfppdnn.quiet import silenced

Signatures = Mapping[str, tuple[Callable[..., Mapping[str, tf.Tensor]], Sequence[tf.TensorSpec]]]
"""By name: a function of tensors that answers named tensors, and what it takes."""


def protect_pixels(model: keras.Model) -> Callable[..., tf.Tensor]:
    """Returns h_p on 8-bit images: uint8 [N, H, W, 3] to uint8 [N, H, W, 3].

    If h_p draws at random, the function takes int32 [N, M] noise as well. Noise of an image that
    is 0 throughout, as in a buffer that a client forgot to fill, ends in an error, or in black
    where what runs it does not check (see `_one_for_each`).

    Args:
        model: h_p, float32 [N, H, W, 3] in [0, 1] to the same, and noise if it takes any.

    Raises:
        ValueError: The model computes in less than float32, which no file would repeat.
    """
    for layer in model.layers:
        if layer.compute_dtype != "float32":
            raise ValueError(
                f"layer {layer.name} computes in {layer.compute_dtype}; copy the weights into "
                "a model built under the float32 policy and export that"
            )

    # One graph for all files: whatever size they are made for, the model is traced once.
    run = inference(model)

    def protect(image: tf.Tensor, *noise: tf.Tensor) -> tf.Tensor:
        pixels = run(tf.cast(image, tf.float32) / 255.0, *noise)
        for numbers in noise:
            pixels *= _one_for_each(numbers)[:, tf.newaxis, tf.newaxis, tf.newaxis]
        return tf.cast(tf.round(pixels * 255.0), tf.uint8)

    return protect


def _one_for_each(noise: tf.Tensor) -> tf.Tensor:
    """Looks up 1 for each image whose noise was filled; fails if it was not.

    TFLite has no assertion. But it looks nothing up beyond a table's end, as TensorFlow does not
    on a processor. Where that is not checked, as in LiteRT.js, the picture is black.
    """
    filled = tf.cast(tf.reduce_any(tf.not_equal(noise, 0), axis=1), tf.int32)
    return tf.gather(tf.constant([1.0]), 1 - filled) * tf.cast(filled, tf.float32)


def noise_specs(model: keras.Model, images: int | None) -> list[tf.TensorSpec]:
    """What an exported h_p takes beside images: its noise, if it takes any.

    Args:
        model: h_p.
        images: How many it takes at once; None for any number.
    """
    size = noise_taken(model)
    return [] if size is None else [tf.TensorSpec([images, size], tf.int32, name="noise")]


def write_saved_model(directory: str | os.PathLike[str], signatures: Signatures) -> None:
    """Writes functions and the variables they use as a SavedModel.

    The TFLite converter keeps the weights of what was written so. Given concrete functions
    beside a Keras model, or a `tf.Module` that holds one, it keeps the variables but not
    their values, and the file then computes with zeros.
    """
    archive = keras.export.ExportArchive()
    with silenced():
        for name, (function, takes) in signatures.items():
            # This brings the variables; `archive.track` would store them a second time.
            archive.add_endpoint(name, function, input_signature=list(takes))
        archive.write_out(os.fspath(directory))
