"""TensorFlow Serving's messages, for a client and a server that have no TensorFlow.

The published stubs (tensorflow-serving-api) import TensorFlow. These have the same names, field
numbers and types and therefore the same bytes, as `predict.proto`, `get_model_metadata.proto`,
`get_model_status.proto`, `model.proto`, `meta_graph.proto` and `tensor.proto` define them. They
live in a pool of their own, so that both can be loaded together. LiteRT's own package brings
protobuf along.
"""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
from google.protobuf import any_pb2, descriptor_pb2, descriptor_pool, message_factory, wrappers_pb2

PREDICTION_SERVICE = "tensorflow.serving.PredictionService"
MODEL_SERVICE = "tensorflow.serving.ModelService"
PREDICT = f"/{PREDICTION_SERVICE}/Predict"

FLOAT, UINT8, STRING, INT64 = 1, 4, 7, 9
"""Numbers of TensorFlow's data types."""

_PACKAGE = "tensorflow.serving"
_WELL_KNOWN = {"Any": any_pb2.Any, "Int64Value": wrappers_pb2.Int64Value}

_ENUMS = {
    "DataType": {
        "DT_INVALID": 0,
        "DT_FLOAT": FLOAT,
        "DT_DOUBLE": 2,
        "DT_INT32": 3,
        "DT_UINT8": UINT8,
        "DT_INT16": 5,
        "DT_INT8": 6,
        "DT_STRING": STRING,
        "DT_INT64": INT64,
        "DT_BOOL": 10,
        "DT_BFLOAT16": 14,
        "DT_UINT16": 17,
        "DT_HALF": 19,
        "DT_UINT32": 22,
        "DT_UINT64": 23,
    },
    "State": {
        "UNKNOWN": 0,
        "START": 10,
        "LOADING": 20,
        "AVAILABLE": 30,
        "UNLOADING": 40,
        "END": 50,
    },
    "Code": {"OK": 0, "UNKNOWN": 2},
}

# Field numbers and types; the keys of maps are strings.
_MESSAGES = {
    "Dim": {"size": (1, "int64"), "name": (2, "string")},
    "TensorShapeProto": {"dim": (2, "repeated Dim"), "unknown_rank": (3, "bool")},
    "TensorProto": {
        "dtype": (1, "DataType"),
        "tensor_shape": (2, "TensorShapeProto"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "repeated float"),
        "int_val": (7, "repeated int32"),
        "string_val": (8, "repeated bytes"),
        "int64_val": (10, "repeated int64"),
    },
    "ModelSpec": {
        "name": (1, "string"),
        "version": (2, "Int64Value"),
        "signature_name": (3, "string"),
        "version_label": (4, "string"),
    },
    "PredictRequest": {
        "model_spec": (1, "ModelSpec"),
        "inputs": (2, "map TensorProto"),
        "output_filter": (3, "repeated string"),
    },
    "PredictResponse": {"outputs": (1, "map TensorProto"), "model_spec": (2, "ModelSpec")},
    "GetModelMetadataRequest": {
        "model_spec": (1, "ModelSpec"),
        "metadata_field": (2, "repeated string"),
    },
    "GetModelMetadataResponse": {"model_spec": (1, "ModelSpec"), "metadata": (2, "map Any")},
    "TensorInfo": {
        "name": (1, "string"),
        "dtype": (2, "DataType"),
        "tensor_shape": (3, "TensorShapeProto"),
    },
    "SignatureDef": {
        "inputs": (1, "map TensorInfo"),
        "outputs": (2, "map TensorInfo"),
        "method_name": (3, "string"),
        "defaults": (4, "map TensorProto"),
    },
    "SignatureDefMap": {"signature_def": (1, "map SignatureDef")},
    "GetModelStatusRequest": {"model_spec": (1, "ModelSpec")},
    "StatusProto": {"error_code": (1, "Code"), "error_message": (2, "string")},
    "ModelVersionStatus": {
        "version": (1, "int64"),
        "state": (2, "State"),
        "status": (3, "StatusProto"),
    },
    "GetModelStatusResponse": {"model_version_status": (1, "repeated ModelVersionStatus")},
    # Of a SavedModel's file no more than its signatures.
    "MetaInfoDef": {"tags": (4, "repeated string")},
    "MetaGraphDef": {
        "meta_info_def": (1, "MetaInfoDef"),
        "signature_def": (5, "map SignatureDef"),
    },
    "SavedModel": {"meta_graphs": (2, "repeated MetaGraphDef")},
}
_EITHER = {"ModelSpec": {"version_choice": ("version", "version_label")}}

_Kinds = descriptor_pb2.FieldDescriptorProto


@functools.cache
def messages() -> SimpleNamespace:
    """Returns the message classes, by their names in the protocol."""
    file = descriptor_pb2.FileDescriptorProto(
        name="tfppdnn/tf_serving.proto", package=_PACKAGE, syntax="proto3"
    )
    pool = descriptor_pool.DescriptorPool()
    for known in _WELL_KNOWN.values():
        pool.AddSerializedFile(known.DESCRIPTOR.file.serialized_pb)
        file.dependency.append(known.DESCRIPTOR.file.name)
    for name, values in _ENUMS.items():
        # Each in a message of its own: names of values that lie beside each other must differ.
        enum = file.message_type.add(name=f"Of{name}").enum_type.add(name=name)
        for called, number in values.items():
            enum.value.add(name=called, number=number)
    for name, fields in _MESSAGES.items():
        _define(file.message_type.add(name=name), fields)
    pool.AddSerializedFile(file.SerializeToString())
    return SimpleNamespace(
        **{
            name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.{name}"))
            for name in _MESSAGES
        },
    )


def _define(message: descriptor_pb2.DescriptorProto, fields: dict[str, tuple[int, str]]) -> None:
    either = _EITHER.get(message.name, {})
    for name, (number, described) in fields.items():
        *how, kind = described.split()
        field = message.field.add(name=name, number=number)
        field.label = _Kinds.LABEL_REPEATED if how else _Kinds.LABEL_OPTIONAL
        if how == ["map"]:
            entry = message.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            _define(entry, {"key": (1, "string"), "value": (2, kind)})
            field.type = _Kinds.TYPE_MESSAGE
            field.type_name = f".{_PACKAGE}.{message.name}.{entry.name}"
        elif kind in _MESSAGES or kind in _WELL_KNOWN:
            known = _WELL_KNOWN.get(kind)
            full_name = known.DESCRIPTOR.full_name if known else f"{_PACKAGE}.{kind}"
            field.type, field.type_name = _Kinds.TYPE_MESSAGE, f".{full_name}"
        elif kind in _ENUMS:
            field.type, field.type_name = _Kinds.TYPE_ENUM, f".{_PACKAGE}.Of{kind}.{kind}"
        else:
            field.type = getattr(_Kinds, f"TYPE_{kind.upper()}")
    for index, (name, together) in enumerate(either.items()):
        message.oneof_decl.add(name=name)
        for field in message.field:
            if field.name in together:
                field.oneof_index = index


def name_of_type(number: int) -> str:
    """Returns what TensorFlow calls a data type, such as `DT_UINT8`."""
    known = {value: name for name, value in _ENUMS["DataType"].items()}
    return known.get(number, "unknown")


def number_of_state(name: str) -> int:
    """Returns the number of a version's state, such as `AVAILABLE`."""
    return _ENUMS["State"][name]


def shape_of(tensor: Any) -> list[int]:
    """Returns a tensor's shape.

    Raises:
        ValueError: It is not known, or of more dimensions than any tensor of this protocol has:
            to multiply a million of them would take hours.
    """
    dimensions = tensor.tensor_shape.dim
    if tensor.tensor_shape.unknown_rank or len(dimensions) > _MOST_DIMENSIONS:
        raise ValueError("a tensor has no definite shape")
    shape = [dimension.size for dimension in dimensions]
    if min(shape, default=0) < 0:
        raise ValueError("a tensor has no definite shape")
    return shape


def array_of(tensor: Any) -> np.ndarray:
    """Returns the values of a tensor of float32, int64 or strings (as bytes).

    Raises:
        ValueError: It holds values of another type, or too many or too few of them.
    """
    shape = shape_of(tensor)
    if tensor.dtype == STRING:
        flat = np.empty(len(tensor.string_val), object)
        flat[:] = tensor.string_val
    elif tensor.dtype not in _NUMBERS:
        raise ValueError(f"a tensor has the data type {name_of_type(tensor.dtype)}")
    elif tensor.tensor_content:
        # Raw values, little-endian.
        flat = np.frombuffer(tensor.tensor_content, _NUMBERS[tensor.dtype])
    else:
        values = tensor.float_val if tensor.dtype == FLOAT else tensor.int64_val
        flat = np.array(values, _NUMBERS[tensor.dtype])
    if len(flat) != math.prod(shape):
        raise ValueError(f"a tensor of shape {shape} has {len(flat)} values")
    return flat.reshape(shape)


_NUMBERS = {FLOAT: "<f4", INT64: "<i8"}
_MOST_DIMENSIONS = 8
