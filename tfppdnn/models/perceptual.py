"""phi_k of Eq. 7: the features whose distance the perceptual loss measures."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from typing import NamedTuple

import keras
import numpy as np
from keras import layers

from tfppdnn.errors import UserError

_CAFFE_BGR_MEAN = (103.939, 116.779, 123.68)
_DOWNLOAD_TIMEOUT = 20  # Seconds without an answer or a further byte.
_NO_IMAGENET = (
    "VGG16's ImageNet weights cannot be fetched here; give "
    "--perceptual_weights=FILE.npz or --perceptual_weights=reference"
)
_NAMES = ("block1_conv1", "block1_conv2")
_SHAPES = {
    "block1_conv1/kernel": (3, 3, 3, 64),
    "block1_conv1/bias": (64,),
    "block1_conv2/kernel": (3, 3, 64, 64),
    "block1_conv2/bias": (64,),
}


class PerceptualFeatures(NamedTuple):
    """A frozen feature network and where its weights come from."""

    model: keras.Model
    source: str


def perceptual_features(
    weights: str | None, *, reference_classifier: keras.Model
) -> PerceptualFeatures:
    """Finds the best feature network that can be had here.

    Args:
        weights: An `.npz` file with VGG16's first block (arrays `block1_conv1/kernel`,
            `block1_conv1/bias`, `block1_conv2/kernel`, `block1_conv2/bias`, kernels
            HWIO), `"imagenet"` to have Keras fetch it, `"reference"` to use the
            reference classifier's own second ReLU, or None to try ImageNet's weights
            and fall back on the reference classifier.
        reference_classifier: h_theta, for the fall-back.

    Returns:
        The network, from float32 [N, H, W, 3] in [0, 1] to a float32 feature map
        [N, H, W, 64] (or narrower, from a narrower reference classifier), and one
        sentence that says where its weights come from.

    Raises:
        UserError: `weights` names no such file, or one with other arrays in it, or
            ImageNet's weights were asked for and cannot be fetched.
    """
    if weights == "reference":
        return _second_relu_of(reference_classifier, why="as asked for")
    if weights in (None, "imagenet"):
        arrays = _fetch_imagenet_block1()
        if arrays is not None:
            return PerceptualFeatures(
                vgg16_relu1_2(arrays), "VGG16 relu1_2, ImageNet weights from keras.applications"
            )
        if weights == "imagenet":
            raise UserError(_NO_IMAGENET)
        return _second_relu_of(reference_classifier, why="no ImageNet weights to be had")
    return PerceptualFeatures(
        vgg16_relu1_2(_read_block1(weights)),
        f"VGG16 relu1_2, ImageNet weights from {os.path.basename(weights)}",  # noqa: PTH119
    )


def check_perceptual_weights(weights: str | None) -> None:
    """Raises now what `perceptual_features` would raise hours later.

    Raises:
        UserError: See `perceptual_features`.
    """
    if weights == "imagenet" and _fetch_imagenet_block1() is None:
        raise UserError(_NO_IMAGENET)
    if weights not in (None, "imagenet", "reference"):
        _read_block1(weights)


def vgg16_relu1_2(arrays: dict[str, np.ndarray]) -> keras.Model:
    """Builds VGG16 up to its second ReLU, with its own ("caffe") preprocessing.

    The features are those of inputs in 0..255, divided by 255, so that their mean
    squared distance (Eq. 7) has the size of the other loss terms.

    Args:
        arrays: `block1_conv1/kernel` [3, 3, 3, 64], `block1_conv1/bias` [64],
            `block1_conv2/kernel` [3, 3, 64, 64], `block1_conv2/bias` [64].

    Returns:
        A frozen model from float32 [N, H, W, 3] in [0, 1] to float32 [N, H, W, 64].
    """
    images = keras.Input((None, None, 3), name="image")
    x = images[..., ::-1]
    x = layers.Rescaling(255.0, offset=[-mean for mean in _CAFFE_BGR_MEAN])(x)
    for name in _NAMES:
        x = layers.Conv2D(64, 3, padding="same", activation="relu", name=name)(x)
    features = layers.Rescaling(1 / 255.0, dtype="float32")(x)
    model = keras.Model(images, features, name="vgg16_relu1_2")
    for name in _NAMES:
        model.get_layer(name).set_weights([arrays[f"{name}/kernel"], arrays[f"{name}/bias"]])
    model.trainable = False
    return model


def _second_relu_of(classifier: keras.Model, *, why: str) -> PerceptualFeatures:
    relus = [layer for layer in classifier.layers if isinstance(layer, layers.ReLU)]
    model = keras.Model(classifier.input, relus[1].output, name="reference_relu1_2")
    model.trainable = False
    return PerceptualFeatures(model, f"the reference classifier's own second ReLU ({why})")


def _fetch_imagenet_block1() -> dict[str, np.ndarray] | None:
    # Keras downloads without any time limit and announces it on stdout.
    patience = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_DOWNLOAD_TIMEOUT)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            network = keras.applications.VGG16(weights="imagenet", include_top=False)
    except Exception:  # What a failed download raises differs between Keras's backends.
        return None
    finally:
        socket.setdefaulttimeout(patience)
    return {
        f"{name}/{part}": np.asarray(value)
        for name in _NAMES
        for part, value in zip(("kernel", "bias"), network.get_layer(name).weights, strict=True)
    }


def _read_block1(path: str) -> dict[str, np.ndarray]:
    try:
        with np.load(path) as archive:
            arrays = {name: archive[name] for name in _SHAPES}
    except FileNotFoundError:
        raise UserError(f"--perceptual_weights={path}: there is no such file") from None
    except Exception:  # A file of another kind raises errors of every kind.
        arrays = {}
    if {name: array.shape for name, array in arrays.items()} != _SHAPES:
        shapes = ", ".join(f"{name} {list(shape)}" for name, shape in _SHAPES.items())
        raise UserError(f"--perceptual_weights={path}: not an .npz with the arrays {shapes}")
    return arrays
