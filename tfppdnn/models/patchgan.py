"""PatchGAN, the network of both discriminators (Section III-C; Zhu et al., 2017)."""

from __future__ import annotations

import keras
from keras import layers

from tfppdnn.models.layers import normalization


def patchgan(
    *,
    base_width: int = 64,
    strided_layers: int = 3,
    name: str = "patchgan",
) -> keras.Model:
    """Builds a fully convolutional discriminator that scores overlapping patches.

    Args:
        base_width: Channels of the first convolution; each further one doubles them,
            up to eight times.
        strided_layers: Convolutions of stride 2. CycleGAN has 3 and looks at 70x70
            patches; with 2 a 32x32 image gives a 6x6 map of 34x34 patches.
        name: Name of the Keras model.

    Returns:
        A model from float32 [N, H, W, 3] in [0, 1] to float32 [N, h, w, 1]: one
        unbounded score a patch, high for "real". Without a sigmoid: the losses are
        least squares (LSGAN), as in CycleGAN.
    """
    images = keras.Input((None, None, 3), name="image")
    x = layers.Rescaling(2.0, offset=-1.0)(images)
    for layer in range(strided_layers):
        x = _convolution(x, base_width * min(2**layer, 8), strides=2)
        x = normalization("instance")(x) if layer > 0 else x
        x = layers.LeakyReLU(0.2)(x)
    x = _convolution(x, base_width * min(2**strided_layers, 8), strides=1)
    x = layers.LeakyReLU(0.2)(normalization("instance")(x))
    scores = _convolution(x, 1, strides=1, dtype="float32")
    return keras.Model(images, scores, name=name)


def _convolution(x, width: int, *, strides: int, **kwargs):
    x = layers.ZeroPadding2D(1)(x)
    return layers.Conv2D(
        width,
        4,
        strides=strides,
        kernel_initializer=keras.initializers.RandomNormal(stddev=0.02),
        **kwargs,
    )(x)
