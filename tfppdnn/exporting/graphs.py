"""What every exported protector computes, and how its weights become part of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from tfppdnn.exporting.silence import silenced


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

    def protect(image: tf.Tensor) -> tf.Tensor:
        pixels = model(tf.cast(image, tf.float32) / 255.0, training=False)
        return tf.cast(tf.round(pixels * 255.0), tf.uint8)

    return protect


def frozen(
    function: Callable[[tf.Tensor], tf.Tensor], *, shape: Sequence[int | None], dtype: tf.DType
):
    """Returns `function` as a concrete function whose weights are constants.

    Given a function beside the object that owns its variables, the TFLite converter keeps
    the variables but not their values, and the file then reads zeros. Constants cannot be
    lost.

    Args:
        function: Maps one tensor to one tensor.
        shape: Shape of the input; `None` where it may vary.
        dtype: Type of the input.

    Returns:
        A concrete function from `image` to a dictionary that holds `protected`.
    """
    signature = [tf.TensorSpec(shape, dtype, name="image")]
    traced = tf.function(function, input_signature=signature).get_concrete_function()
    with silenced():
        constant = convert_variables_to_constants_v2(traced)
    # Freezing forgets the name of the output.
    named = tf.function(lambda image: {"protected": constant(image)[0]}, input_signature=signature)
    return named.get_concrete_function()
