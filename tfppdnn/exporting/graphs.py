"""What every exported protector computes, and how functions become a SavedModel."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import keras
import tensorflow as tf

from tfppdnn.models.inference import inference
from tfppdnn.quiet import silenced

Signatures = Mapping[str, tuple[Callable[[tf.Tensor], Mapping[str, tf.Tensor]], tf.TensorSpec]]
"""By name: a function of one tensor that answers named tensors, and what it takes."""


def protect_pixels(model: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns h_p on 8-bit images: uint8 [N, H, W, 3] to uint8 [N, H, W, 3].

    Args:
        model: h_p, float32 [N, H, W, 3] in [0, 1] to the same.

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

    def protect(image: tf.Tensor) -> tf.Tensor:
        pixels = run(tf.cast(image, tf.float32) / 255.0)
        return tf.cast(tf.round(pixels * 255.0), tf.uint8)

    return protect


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
            archive.add_endpoint(name, function, input_signature=[takes])
        archive.write_out(os.fspath(directory))
