"""The protector as TFLite files, for LiteRT on phones, in Python and in the browser.

Input and output of every file are uint8 [1, H, W, 3], `image` and `protected`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.exporting.graphs import Signatures, protect_pixels, write_saved_model
from tfppdnn.exporting.half import store_kernels_as_half
from tfppdnn.exporting.silence import silenced
from tfppdnn.exporting.verify import VerificationError
from tfppdnn.models.inference import inference
from tfppdnn.models.layers import InstanceNormalization

WEB_SIZES = (32, 64, 96, 224)

# LiteRT's 8-bit sigmoid always answers in 256ths; the input is the pixel value itself.
PIXEL_INPUT = (1.0, 0)
PIXEL_OUTPUT = (1 / 256, 0)


def float32_tflite(model: keras.Model) -> bytes:
    """Returns h_p as a TFLite file of float32 weights, for images of any size."""
    return _converted({"serving_default": _protect(model)})


def float16_tflite(float32: bytes) -> bytes:
    """Returns h_p as a TFLite file of float16 weights (half the size), computed in float32.

    It is as exact as the float32 file if `half.round_weights_to_half` ended the training.

    Args:
        float32: What `float32_tflite` returned.
    """
    return store_kernels_as_half(float32)


def web_tflite(model: keras.Model, sizes: Sequence[int] = WEB_SIZES) -> bytes:
    """Returns h_p as a TFLite file for LiteRT.js, which wants fixed sizes.

    Args:
        model: h_p.
        sizes: One signature `protect_SIZE` is made for square images of each of these; all
            share one copy of the weights.
    """
    return _converted({f"protect_{s}": _protect(model, height=s, width=s) for s in sizes})


def fully_quantizable(model: keras.Model) -> bool:
    """Says whether h_p can be computed in 8-bit integers throughout.

    Instance normalization cannot: it divides by a deviation that differs between images
    and channels, and 8 bits for all of them together leave an error of 11 grey levels on
    average where 8-bit weights alone leave 1 to 6.
    """
    return not any(isinstance(layer, InstanceNormalization) for layer in model.layers)


def int8_tflite(model: keras.Model, images: np.ndarray) -> bytes:
    """Returns h_p as a TFLite file of 8-bit weights, a quarter of the size.

    With batch normalization all of it is computed in 8-bit integers, in ranges learned from
    `images`. With instance normalization (see `fully_quantizable`) the weights are 8-bit
    and the convolutions run on values rounded image by image.

    It is small, but not always fast: with instance normalization no faster than float32, and in
    integers slower where a generator has to shrink its images; `benchmarks.int8` measures it.

    Args:
        model: h_p.
        images: uint8 [N, H, W, 3], real images; used for batch normalization only.

    Raises:
        VerificationError: The converter chose an input or output that is not the pixel value.
    """
    if not fully_quantizable(model):
        return _converted(
            {"serving_default": _protect(model)},
            optimizations=[tf.lite.Optimize.DEFAULT],
        )

    run = inference(model)

    # Rounding is left to the quantized output, which is why the graph is float inside.
    def protect(image: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"protected": run(image / 255.0)}

    def representative():
        for image in _with_full_range(images):
            yield {"image": image[np.newaxis].astype(np.float32)}

    content = _converted(
        {"serving_default": (protect, tf.TensorSpec([1, None, None, 3], tf.float32, "image"))},
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=representative,
        inference_input_type=tf.uint8,
        inference_output_type=tf.uint8,
    )
    _check_pixels(content)
    return content


def _protect(model: keras.Model, *, height: int | None = None, width: int | None = None):
    protect = protect_pixels(model)
    takes = tf.TensorSpec([1, height, width, 3], tf.uint8, name="image")
    return lambda image: {"protected": protect(image)}, takes


def _converted(signatures: Signatures, **settings: object) -> bytes:
    with tempfile.TemporaryDirectory() as directory:
        write_saved_model(directory, signatures)
        with silenced():
            converter = tf.lite.TFLiteConverter.from_saved_model(
                directory, signature_keys=list(signatures)
            )
            for name, value in settings.items():
                setattr(converter, name, value)
            return converter.convert()


def _with_full_range(images: np.ndarray) -> np.ndarray:
    # A first image that holds both 0 and 255 makes the input's scale exactly 1.
    first = images[:1].copy()
    first.flat[0], first.flat[-1] = 0, 255
    return np.concatenate([first, images])


def _check_pixels(content: bytes) -> None:
    from ai_edge_litert.interpreter import Interpreter

    with silenced():
        interpreter = Interpreter(model_content=content)
    for side, details, expected in (
        ("input", interpreter.get_input_details()[0], PIXEL_INPUT),
        ("output", interpreter.get_output_details()[0], PIXEL_OUTPUT),
    ):
        if details["dtype"] != np.uint8 or not np.allclose(details["quantization"], expected):
            raise VerificationError(
                f"the int8 {side} is {np.dtype(details['dtype'])} with scale and zero point "
                f"{details['quantization']}, not uint8 with {expected}"
            )
