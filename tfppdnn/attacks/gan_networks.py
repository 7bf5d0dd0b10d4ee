"""The networks of the GAN attack: D_att of Fig. 3, and the generators G_att of Fig. 4."""

from __future__ import annotations

import keras
from keras import layers

from tfppdnn.models.fronts import DepthToSpace
from tfppdnn.models.unet import unet

BLOCK = 4
"""Height and width of what the block generator sees, in pixels."""

SMALLEST_PATCH = 13
"""Height and width from which the discriminator has a patch to score."""

SMALLEST_IMAGE = 21
"""Height and width from which it can give an image one score: a map of 3x3 patches."""


def attack_discriminator(*, score_patches: bool = False) -> keras.Model:
    """Builds D_att, which tells reconstructions from plain images.

    The figure is lost in the paper's text; this is the form that its authors' later code
    has. At 32x32 its patch map of 5x5 is pooled to one score by the maximum over 3x3; the
    larger maps of larger images are averaged after that.

    Args:
        score_patches: Whether to give the whole map instead: one score a patch, with
            spectral normalization in every layer.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to float32 logits, [N, 1] or [N, h, w, 1].
    """
    normalized = layers.SpectralNormalization
    everywhere = normalized if score_patches else _as_it_is
    images = keras.Input((None, None, 3), name="image")
    x = layers.Rescaling(2.0, -1.0)(images)
    x = everywhere(_convolution(64, strides=2, padding="same"))(x)
    x = normalized(_convolution(128, strides=2, padding="same"))(layers.LeakyReLU(0.2)(x))
    scores = everywhere(_convolution(1, use_bias=True))(layers.LeakyReLU(0.2)(x))
    if not score_patches:
        scores = layers.GlobalAveragePooling2D()(layers.MaxPooling2D(3)(scores))
    return keras.Model(images, scores, name="attack_discriminator")


def block_generator(image_size: tuple[int, int]) -> keras.Model:
    """Builds G_att for ciphers that scramble 4x4 blocks (Fig. 4a).

    Args:
        image_size: Height and width, multiples of 4.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to the same.
    """
    images = keras.Input((*image_size, 3), name="image")
    x = layers.Rescaling(2.0, -1.0)(images)
    x = layers.Conv2D(48, BLOCK, strides=BLOCK)(x)
    x = layers.ReLU()(_batch_norm()(x))
    for channels in (48, 512):
        x = layers.ReLU()(_batch_norm()(layers.Conv2D(channels, 1)(x)))
    return keras.Model(images, _pixels(DepthToSpace(BLOCK)(x)), name="block_generator")


def pixel_generator(image_size: tuple[int, int]) -> keras.Model:
    """Builds G_att for ciphers that scramble each pixel (Fig. 4b).

    Args:
        image_size: Height and width.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to the same.
    """
    images = keras.Input((*image_size, 3), name="image")
    x = layers.Rescaling(2.0, -1.0)(images)
    for channels in (64, 128, 256):
        x = layers.ReLU()(_batch_norm()(layers.Conv2D(channels, 1)(x)))
    return keras.Model(images, _pixels(x), name="pixel_generator")


def unet_generator(image_size: tuple[int, int], *, width: int = 64, depth: int = 5) -> keras.Model:
    """Builds G_att for the proposed scheme, a U-Net.

    Args:
        image_size: Not needed, the network takes any.
        width: Channels at full resolution.
        depth: Number of resolutions.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to the same.
    """
    return unet(base_width=width, depth=depth, norm="batch", name="unet_generator")


def _convolution(channels: int, *, use_bias: bool = False, **kwargs) -> layers.Conv2D:
    return layers.Conv2D(channels, 4, use_bias=use_bias, **kwargs)


def _as_it_is(layer: layers.Layer) -> layers.Layer:
    return layer


def _batch_norm() -> layers.BatchNormalization:
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


def _pixels(x):
    x = layers.Conv2D(3, 1, activation="tanh", name="pixels")(x)
    return layers.Rescaling(0.5, 0.5)(x)
