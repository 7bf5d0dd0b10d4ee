"""TensorProto to NumPy and back, with its size checked before it is unfolded."""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

from tfppdnn.serving.images import INPUT_NAMES, MAX_PIXELS, RequestImages, checked_images
from tfppdnn.serving.refusal import invalid

_DTYPES = {"image": types_pb2.DT_UINT8, "image_bytes": types_pb2.DT_STRING}


def images_of(signature: str, tensor: tensor_pb2.TensorProto) -> RequestImages:
    """Reads the input of a gRPC request.

    Raises:
        Refusal: Its type, shape or content is not what the signature takes.
    """
    name = INPUT_NAMES[signature]
    expected = _DTYPES[name]
    if tensor.dtype != expected:
        raise invalid(
            f"{name} must be of type {types_pb2.DataType.Name(expected)}, not {_name(tensor.dtype)}"
        )
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    # A single value may stand for a tensor of any size.
    if tensor.tensor_shape.unknown_rank or min(shape, default=0) < 0:
        raise invalid(f"tensor parsing error: {name} has no definite shape")
    if math.prod(shape) > 3 * MAX_PIXELS:
        raise invalid(f"{name} has shape {shape}, more than {MAX_PIXELS} pixels; send fewer")
    try:
        if expected == types_pb2.DT_STRING:
            values = np.empty(len(tensor.string_val), object)
            values[:] = list(tensor.string_val)
            values = values.reshape(shape)
        else:
            values = tf.make_ndarray(tensor)
    except (ValueError, TypeError, OverflowError):
        raise invalid(f"tensor parsing error: {name}") from None
    return checked_images(signature, values)


def tensor_proto(values: np.ndarray) -> tensor_pb2.TensorProto:
    """Writes an output, float32, int64 or bytes, in the field of its type."""
    proto = tensor_pb2.TensorProto()
    for size in values.shape:
        proto.tensor_shape.dim.add(size=size)
    flat = values.ravel().tolist()
    if values.dtype == object:
        proto.dtype = types_pb2.DT_STRING
        proto.string_val.extend(flat)
    elif values.dtype == np.float32:
        proto.dtype = types_pb2.DT_FLOAT
        proto.float_val.extend(flat)
    else:
        proto.dtype = types_pb2.DT_INT64
        proto.int64_val.extend(flat)
    return proto


def _name(dtype: int) -> str:
    return types_pb2.DataType.Name(dtype) if dtype in types_pb2.DataType.values() else "unknown"
