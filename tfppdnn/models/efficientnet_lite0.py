"""EfficientNet-Lite0: an encoder that has seen ImageNet, small enough for a phone."""

from __future__ import annotations

import os
from collections.abc import Mapping

import keras
import numpy as np
from keras import layers

from tfppdnn.errors import UserError
from tfppdnn.files import user_path

FEATURES = 1280
"""Channels of the last feature map."""

STRIDE = 32
"""Pixels of the image, along each side, for one of the last feature map."""

_STEM_WIDTH = 32

# Repetitions, kernel size, strides of the first, expansion, channels (Tan and Le, 2019).
_GROUPS = (
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


def efficientnet_lite0(
    *,
    image_size: int | None = None,
    num_classes: int | None = None,
    name: str = "efficientnet_lite0",
) -> keras.Model:
    """Builds EfficientNet-Lite0, untrained: no squeeze-and-excite, and ReLU6 throughout.

    It is meant for published weights and stays as it is, so its batch normalizations are part of
    the convolutions before them: what is rounded to 16 bits is then what a file computes with.

    Args:
        image_size: Height and width of the images; None for any. It was trained at 224.
        num_classes: Number of logits, 1000 of ImageNet; None for the last feature map.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to the float32 feature map
        [N, H/32, W/32, 1280], not negative and at most 6, or to logits [N, num_classes].
        (Tan and Le, 2019; the lite form: Liu, 2020.)
    """
    images = keras.Input((image_size, image_size, 3), name="image")
    # (255 x - 127) / 128: what the published weights were trained on.
    x = layers.Rescaling(255 / 128, offset=-127 / 128, name="preprocessing")(images)
    x = _bounded(_convolution(x, _STEM_WIDTH, 3, "stem", strides=2), "stem")
    number = 0
    for repetitions, kernel_size, strides, expansion, width in _GROUPS:
        for repetition in range(repetitions):
            first_strides = strides if repetition == 0 else 1
            x = _block(x, f"block{number}", width, kernel_size, first_strides, expansion)
            number += 1
    x = _bounded(_convolution(x, FEATURES, 1, "head"), "head")
    if num_classes is not None:
        x = layers.GlobalAveragePooling2D()(x)
        x = layers.Dense(num_classes, dtype="float32", name="logits")(x)
    return keras.Model(images, x, name=name)


def load_published_weights(model: keras.Model, path: str | os.PathLike[str]) -> None:
    """Gives a model the weights published for PyTorch.

    Args:
        model: Made by `efficientnet_lite0`, of any size, with 1000 classes or none.
        path: An `.npz` file of the arrays of that checkpoint under their own names
            (`_conv_stem.weight`, kernels OIHW, ...), float16 or float32.

    Raises:
        UserError: There is no such file, or it holds other arrays.
    """
    path = user_path(path)
    try:
        with np.load(path) as arrays:
            published = {name: arrays[name].astype(np.float32) for name in arrays.files}
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: no weights to read ({error}); give an .npz file") from error
    try:
        for layer in model.layers:
            if layer.weights:
                layer.set_weights(_weights_of(layer, published))
    except (KeyError, ValueError) as error:
        raise UserError(f"{path}: not the weights of EfficientNet-Lite0 ({error})") from error


def _block(x, name: str, width: int, kernel_size: int, strides: int, expansion: int):
    """An inverted residual: widened, filtered channel by channel, narrowed, added."""
    entry, entry_width = x, x.shape[-1]
    if expansion != 1:
        part = f"{name}_expand"
        x = _bounded(_convolution(x, expansion * entry_width, 1, part), part)
    part = f"{name}_depthwise"
    x = layers.DepthwiseConv2D(kernel_size, strides=strides, padding="same", name=part)(x)
    x = _bounded(x, part)
    x = _convolution(x, width, 1, f"{name}_project")
    if strides == 1 and width == entry_width:
        x = layers.Add(name=f"{name}_add")([x, entry])
    return x


def _convolution(x, width: int, kernel_size: int, name: str, *, strides: int = 1):
    return layers.Conv2D(width, kernel_size, strides=strides, padding="same", name=name)(x)


def _bounded(x, name: str):
    return layers.ReLU(max_value=6.0, name=f"{name}_relu6")(x)


# Where the parts of a block stand in the checkpoint: the convolution, its normalization.
_PARTS = {
    "expand": ("_expand_conv", "_bn0"),
    "depthwise": ("_depthwise_conv", "_bn1"),
    "project": ("_project_conv", "_bn2"),
}
_ENDS = {"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1")}


_EPSILON = 1e-3


def _weights_of(layer: keras.Layer, published: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """A layer's arrays, in Keras's order and layout."""
    if layer.name == "logits":
        return [published["_fc.weight"].T, published["_fc.bias"]]
    if layer.name in _ENDS:
        convolution, normalization = _ENDS[layer.name]
    else:
        block, _, part = layer.name.partition("_")
        prefix = f"_blocks.{block.removeprefix('block')}."
        convolution, normalization = (prefix + end for end in _PARTS[part])
    ends = ("weight", "bias", "running_mean", "running_var")
    gamma, beta, mean, variance = (published[f"{normalization}.{end}"] for end in ends)
    gain = gamma / np.sqrt(variance + _EPSILON)
    # Channels made come first: OIHW; of one filter a channel, [C, 1, H, W].
    kernel = published[f"{convolution}.weight"] * gain[:, None, None, None]
    # Of a filter a channel Keras wants [H, W, C, 1].
    axes = (2, 3, 0, 1) if isinstance(layer, layers.DepthwiseConv2D) else (2, 3, 1, 0)
    return [kernel.transpose(axes), beta - mean * gain]
