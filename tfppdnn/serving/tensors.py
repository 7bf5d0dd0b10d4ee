"""TensorProto to NumPy and back, with its size checked before it is unfolded."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tfppdnn.serving.images import INPUT_NAMES, MAX_PIXELS, RequestImages, checked_images
from tfppdnn.serving.refusal import invalid
from tfppdnn.tf_serving_messages import (
    FLOAT,
    INT64,
    STRING,
    UINT8,
    array_of,
    name_of_type,
    shape_of,
)

_DTYPES = {"image": UINT8, "image_bytes": STRING}


def images_of(signature: str, tensor: Any, *, most: int) -> RequestImages:
    """Reads the input of a gRPC request, a TensorProto, of so many images at most.

    Raises:
        Refusal: Its type, shape or content is not what the signature takes.
    """
    name = INPUT_NAMES[signature]
    expected = _DTYPES[name]
    if tensor.dtype != expected:
        raise invalid(
            f"{name} must be of type {name_of_type(expected)}, not {name_of_type(tensor.dtype)}"
        )
    try:
        shape = shape_of(tensor)
    except ValueError:
        raise invalid(f"tensor parsing error: {name} has no definite shape") from None
    # A single value may stand for a tensor of any size.
    if math.prod(shape) > 3 * MAX_PIXELS:
        raise invalid(f"{name} has shape {shape}, more than {MAX_PIXELS} pixels; send fewer")
    try:
        values = array_of(tensor) if expected == STRING else _pixels(tensor, shape)
    except ValueError:
        raise invalid(f"tensor parsing error: {name}") from None
    return checked_images(signature, values, most=most)


def _pixels(tensor: Any, shape: list[int]) -> np.ndarray:
    """Returns a tensor of uint8, as TensorFlow reads it.

    The last number stands for all that follow, and without any all are 0.
    """
    if tensor.tensor_content:
        return np.frombuffer(tensor.tensor_content, np.uint8).reshape(shape)
    numbers = np.array(tensor.int_val, np.int64)
    if numbers.size and not 0 <= numbers.min() <= numbers.max() <= 255:
        raise ValueError("other numbers than 0 to 255")
    missing = max(0, math.prod(shape) - numbers.size)
    how = "edge" if numbers.size else "constant"
    return np.pad(numbers.astype(np.uint8), (0, missing), how).reshape(shape)


def write_tensor(values: np.ndarray, tensor: Any) -> None:
    """Writes an output, float32, int64 or bytes, in the field of its type of a TensorProto."""
    for size in values.shape:
        tensor.tensor_shape.dim.add(size=size)
    flat = values.ravel().tolist()
    if values.dtype == object:
        tensor.dtype = STRING
        tensor.string_val.extend(flat)
    elif values.dtype == np.float32:
        tensor.dtype = FLOAT
        tensor.float_val.extend(flat)
    else:
        tensor.dtype = INT64
        tensor.int64_val.extend(flat)
