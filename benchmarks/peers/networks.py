"""What a network is made of, read off the Keras model that we train."""

from __future__ import annotations

from typing import Any

import numpy as np


def weights_of(model: Any) -> dict[str, np.ndarray]:
    """Reads the weights of a generator in the order in which its layers come.

    Args:
        model: A Keras model with a layer `standard_normalization`.

    Returns:
        By "0", "1", ...: kernels [height, width, in, out], and of a normalization gain, offset
        and, where it has them, mean and variance. Beside them `mean` and `std`, float32 [3],
        of the images.
    """
    norm = model.get_layer("standard_normalization")
    layers = [
        weight for layer in model.layers if layer is not norm for weight in layer.get_weights()
    ]
    return {
        **{str(number): weight for number, weight in enumerate(layers)},
        "mean": np.asarray(norm.mean).reshape(3),
        "std": np.sqrt(np.asarray(norm.variance)).reshape(3),
    }
