"""What a protector's network says of a picture before its numbers become a code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from tfppdnn.models.code import code_of
from tfppdnn.models.eight_bit import Images, as_floats
from tfppdnn.models.inference import inference

_IMAGES_AT_A_TIME = 64


def before_rounding(network: Any) -> Callable[[Images], NDArray[np.float32]] | None:
    """Finds the numbers that a network rounds to a code: they say more of a picture than the code.

    Args:
        network: A protector's, see `Protector.network`.

    Returns:
        A function from uint8 [N, H, W, 3] to float32 [N, D], in [-1, 1]; None if it is no Keras
        model, or draws from no code.
    """
    code = code_of(network) if isinstance(network, keras.Model) else None
    if code is None:
        return None
    # One that draws at random has the noise as a second input.
    numbers = code.input[0] if isinstance(code.input, list) else code.input
    run = inference(keras.Model(network.inputs[0], numbers))

    def numbers_of(images: Images) -> NDArray[np.float32]:
        starts = range(0, len(images), _IMAGES_AT_A_TIME)
        batches = (as_floats(images[start : start + _IMAGES_AT_A_TIME]) for start in starts)
        return np.tanh(np.concatenate([np.asarray(run(batch)) for batch in batches]))

    return numbers_of
