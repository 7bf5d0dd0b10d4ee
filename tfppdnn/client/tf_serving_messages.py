"""The few messages of TensorFlow Serving's gRPC protocol that a client needs.

The published stubs (tensorflow-serving-api) import TensorFlow. These have the same field
numbers and types and therefore the same bytes, as `prediction_service.proto`, `predict.proto`,
`model.proto` and `tensor.proto` define them, and live in a pool of their own, so that both
can be loaded together. LiteRT's own package brings protobuf along.
"""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PREDICT = "/tensorflow.serving.PredictionService/Predict"
FLOAT, STRING, INT64 = 1, 7, 9
"""Numbers of TensorFlow's data types."""

# Field numbers and types; a map is a repeated message of key and value.
_MESSAGES = {
    "Dimension": {"size": (1, "int64")},
    "Shape": {"dim": (2, "repeated Dimension")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "Shape"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "repeated float"),
        "string_val": (8, "repeated bytes"),
        "int64_val": (10, "repeated int64"),
    },
    "NamedTensor": {"key": (1, "string"), "value": (2, "Tensor")},
    "Model": {"name": (1, "string"), "signature_name": (3, "string")},
    "PredictRequest": {"model_spec": (1, "Model"), "inputs": (2, "repeated NamedTensor")},
    "PredictResponse": {"outputs": (1, "repeated NamedTensor")},
}


@functools.cache
def messages() -> SimpleNamespace:
    """Returns the message classes, by their names in the protocol."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tfppdnn/predict.proto", package="tfppdnn", syntax="proto3"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        for field_name, (number, described) in fields.items():
            *repeated, kind = described.split()
            field = message.field.add(name=field_name, number=number)
            field.label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
            if kind in _MESSAGES:
                field.type, field.type_name = kinds.TYPE_MESSAGE, f".tfppdnn.{kind}"
            else:
                field.type = getattr(kinds, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(file.SerializeToString())
    return SimpleNamespace(
        **{
            name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tfppdnn.{name}"))
            for name in _MESSAGES
        }
    )


def predict_request(model: str, pngs: list[bytes]) -> Any:
    """Returns the request to classify `pngs` by the signature `encoded`."""
    kinds = messages()
    shape = kinds.Shape(dim=[kinds.Dimension(size=len(pngs))])
    tensor = kinds.Tensor(dtype=STRING, tensor_shape=shape, string_val=pngs)
    return kinds.PredictRequest(
        model_spec=kinds.Model(name=model, signature_name="encoded"),
        inputs=[kinds.NamedTensor(key="image_bytes", value=tensor)],
    )


def array_of(tensor: Any) -> np.ndarray:
    """Returns the values of a Tensor message of floats, int64 or strings (as bytes).

    Raises:
        ValueError: It holds values of another type, or too many or too few of them.
    """
    shape = [dimension.size for dimension in tensor.tensor_shape.dim]
    values = {
        FLOAT: lambda: np.array(tensor.float_val, np.float32),
        INT64: lambda: np.array(tensor.int64_val, np.int64),
        STRING: lambda: np.array(tensor.string_val, object),
    }
    if tensor.dtype not in values:
        raise ValueError(f"a tensor has the data type {tensor.dtype}")
    if tensor.tensor_content and tensor.dtype != STRING:
        # Raw values, little-endian.
        flat = np.frombuffer(tensor.tensor_content, "<f4" if tensor.dtype == FLOAT else "<i8")
    else:
        flat = values[tensor.dtype]()
    if len(flat) != math.prod(shape):
        raise ValueError(f"a tensor of shape {shape} has {len(flat)} values")
    return flat.reshape(shape)
