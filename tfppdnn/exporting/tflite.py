"""The protector as TFLite files, for LiteRT on phones, in Python and in the browser.

Input and output of every file are uint8 [1, H, W, 3], `image` and `protected`. The file of an h_p
that draws at random also takes `noise`, int32 [1, M].
"""

from __future__ import annotations

import contextlib
import gc
import tempfile
from collections.abc import Callable, Iterator, Sequence
from operator import methodcaller

import keras
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from tfppdnn.exporting.graphs import Signatures, noise_specs, protect_pixels, write_saved_model
from tfppdnn.exporting.half import store_kernels_as_half
from tfppdnn.models.code import Code
from tfppdnn.models.instance_normalization import InstanceNormalization
from tfppdnn.models.resizing import AreaResize, TriangleResize
from tfppdnn.models.tiles import DrawTiles
from tfppdnn.quiet import silenced
from tfppdnn.system_noise import system_noise

WEB_SIZES = (32, 64, 96, 224)


def float32_tflite(model: keras.Model) -> bytes:
    """Returns h_p as a TFLite file of float32 weights, for images of any size."""
    return as_tflite({"serving_default": _protect(model)})


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
    return as_tflite({f"protect_{s}": _protect(model, height=s, width=s) for s in sizes})


def fully_quantizable(model: keras.Model) -> bool:
    """Says whether all layers of h_p can be computed in 8-bit integers.

    Instance normalization cannot: it divides by a deviation that differs between images
    and channels, and 8 bits for all of them together leave an error of 11 grey levels on
    average where 8-bit weights alone leave 1 to 6.
    """
    return not any(isinstance(layer, InstanceNormalization) for layer in model.layers)


def int8_tflite(model: keras.Model, images: np.ndarray, *, float32: bytes | None = None) -> bytes:
    """Returns h_p as a TFLite file of 8-bit weights, a quarter of the size.

    With batch normalization its layers are computed in 8-bit integers, in ranges learned from
    `images`. With instance normalization (see `fully_quantizable`) the weights are 8-bit
    and the convolutions run on values rounded image by image.

    It is small, but may be no faster than float32 with instance normalization;
    `benchmarks.int8` measures it.

    Args:
        model: h_p.
        images: uint8 [N, H, W, 3], real images; used for batch normalization only.
        float32: What `float32_tflite` returned, if it is there already.
    """
    signatures = {"serving_default": _protect(model)}
    if not fully_quantizable(model):
        return as_tflite(signatures, optimizations=[tf.lite.Optimize.DEFAULT])

    def representative():
        for image in images:
            noise = {spec.name: system_noise(*spec.shape) for spec in noise_specs(model, 1)}
            yield {"image": image[np.newaxis], **noise}

    kept = _kept_in_floats(model, float32 or as_tflite(signatures))

    def quantized(converter: tf.lite.TFLiteConverter) -> bytes:
        # It quantizes all but what it is told; made to find errors, hence its name.
        return tf.lite.experimental.QuantizationDebugger(
            converter=converter,
            debug_dataset=representative,
            debug_options=tf.lite.experimental.QuantizationDebugOptions(denylisted_nodes=kept),
        ).get_nondebug_quantized_model()

    return as_tflite(
        signatures,
        convert=quantized,
        optimizations=[tf.lite.Optimize.DEFAULT],
        representative_dataset=representative,
    )


def _kept_in_floats(model: keras.Model, float32: bytes) -> list[str]:
    """Finds what is not to be computed in integers, by the names of what it makes.

    - Averaging an image down. LiteRT has no fast kernel for it, and the shares of the pixels
      would be rounded to steps that are learned at one size: at another one they are all wrong.
    - What is around the network: as many values as the image has, and pixel values anyway.
    - Of a code that is drawn as tiles, all that follows the trunk: it is next to no work, and a
      step of 8 bits is larger than what tells two levels apart. And what it rounds must stay as
      few pictures as there are codes.
    """
    kept: tuple[type[keras.Layer], ...] = (AreaResize, TriangleResize)
    if any(isinstance(layer, DrawTiles) for layer in model.layers):
        kept = (*kept, keras.layers.Dense, Code, DrawTiles)
    scopes = [f"/{layer.name}" for layer in model.layers if isinstance(layer, kept)]
    with silenced():
        tensors = Interpreter(model_content=float32).get_tensor_details()
    names = [tensor["name"] for tensor in tensors]
    return [name for name in names if "/" not in name or any(scope in name for scope in scopes)]


def _protect(model: keras.Model, *, height: int | None = None, width: int | None = None):
    protect = protect_pixels(model)
    takes = tf.TensorSpec([1, height, width, 3], tf.uint8, name="image")
    return lambda *inputs: {"protected": protect(*inputs)}, [takes, *noise_specs(model, 1)]


def as_tflite(
    signatures: Signatures,
    convert: Callable[[tf.lite.TFLiteConverter], bytes] = methodcaller("convert"),
    **settings: object,
) -> bytes:
    """Writes functions, and the weights they use, as a TFLite file.

    Args:
        signatures: The functions.
        convert: Is given the converter that is ready.
        settings: Attributes of the converter.
    """
    with tempfile.TemporaryDirectory() as directory:
        write_saved_model(directory, signatures)
        with silenced(), _collecting_only_what_is_new():
            converter = tf.lite.TFLiteConverter.from_saved_model(
                directory, signature_keys=list(signatures)
            )
            for name, value in settings.items():
                setattr(converter, name, value)
            return convert(converter)


@contextlib.contextmanager
def _collecting_only_what_is_new() -> Iterator[None]:
    """Hides what there is from `gc.collect`, which the converter calls: a second after a training.

    Python thaws all or nothing: what a program had frozen itself is looked through again.
    """
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
