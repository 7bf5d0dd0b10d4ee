"""Our messages of TensorFlow Serving's protocol, held against the published ones."""

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2, types_pb2
from tensorflow.core.protobuf import error_codes_pb2, meta_graph_pb2, saved_model_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_pb2,
    predict_pb2,
)

from tfppdnn import tf_serving_messages
from tfppdnn.tf_serving_messages import array_of, messages, name_of_type, number_of_state

PUBLISHED = {
    "Dim": tensor_shape_pb2.TensorShapeProto.Dim,
    "TensorShapeProto": tensor_shape_pb2.TensorShapeProto,
    "TensorProto": tensor_pb2.TensorProto,
    "ModelSpec": model_pb2.ModelSpec,
    "PredictRequest": predict_pb2.PredictRequest,
    "PredictResponse": predict_pb2.PredictResponse,
    "GetModelMetadataRequest": get_model_metadata_pb2.GetModelMetadataRequest,
    "GetModelMetadataResponse": get_model_metadata_pb2.GetModelMetadataResponse,
    "SignatureDefMap": get_model_metadata_pb2.SignatureDefMap,
    "TensorInfo": meta_graph_pb2.TensorInfo,
    "SignatureDef": meta_graph_pb2.SignatureDef,
    "GetModelStatusRequest": get_model_status_pb2.GetModelStatusRequest,
    "GetModelStatusResponse": get_model_status_pb2.GetModelStatusResponse,
    "ModelVersionStatus": get_model_status_pb2.ModelVersionStatus,
    "MetaInfoDef": meta_graph_pb2.MetaGraphDef.MetaInfoDef,
    "MetaGraphDef": meta_graph_pb2.MetaGraphDef,
    "SavedModel": saved_model_pb2.SavedModel,
}


def described(field):
    """What decides of a field's bytes."""
    message = field.message_type
    if message is not None and message.GetOptions().map_entry:
        return field.number, "map", *map(described, message.fields)
    inside = None if message is None else message.name
    either = field.containing_oneof
    return field.number, field.type, field.is_repeated, inside, either and either.name


@pytest.mark.parametrize("name", vars(messages()))
def test_fields_are_the_published_ones(name):
    status = get_model_status_pb2.ModelVersionStatus.DESCRIPTOR.fields_by_name["status"]
    published = {kind: message.DESCRIPTOR for kind, message in PUBLISHED.items()}
    published["StatusProto"] = status.message_type
    ours, theirs = getattr(messages(), name).DESCRIPTOR, published[name]
    for field in ours.fields:
        known = theirs.fields_by_name[field.name]
        if theirs.name != "TensorInfo" or field.name != "name":  # The only one of its oneof here.
            assert described(field) == described(known), field.name


def test_what_names_itself_has_the_published_name():
    assert messages().SignatureDefMap.DESCRIPTOR.full_name == (
        get_model_metadata_pb2.SignatureDefMap.DESCRIPTOR.full_name
    )


def test_numbers_are_the_published_ones():
    for name, number in tf_serving_messages._ENUMS["DataType"].items():
        assert types_pb2.DataType.Value(name) == number
        assert name_of_type(number) == name
    assert name_of_type(9999) == "unknown"
    states = get_model_status_pb2.ModelVersionStatus.State
    for name in states.keys():  # noqa: SIM118  (it is no dictionary)
        assert number_of_state(name) == states.Value(name)
    for name, number in tf_serving_messages._ENUMS["Code"].items():
        assert error_codes_pb2.Code.Value(name) == number


def ours(tensor):
    return messages().TensorProto.FromString(tensor.SerializeToString())


@pytest.mark.parametrize(
    "values",
    [
        np.float32([[0.25, 1e-30], [3, -1]]),
        np.int64([7, -(2**40)]),
        np.array([b"a", b"\xff\x00"], object),
        np.zeros((0, 4), np.float32),
    ],
    ids=["float32", "int64", "strings", "none"],
)
def test_values_come_back(values):
    np.testing.assert_array_equal(array_of(ours(tf.make_tensor_proto(values))), values)


def of_shape(shape, **content):
    tensor = tensor_pb2.TensorProto(**content)
    tensor.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
    return tensor


@pytest.mark.parametrize("field", ["float_val", "int_val"])
def test_one_value_stands_for_itself_alone(field):
    """An answer's shape is a server's word: nothing is unfolded to it."""
    dtype = {"float_val": types_pb2.DT_FLOAT, "int_val": types_pb2.DT_UINT8}[field]
    with pytest.raises(ValueError, match=r"has 1 values|data type DT_UINT8"):
        array_of(ours(of_shape([2**40], dtype=dtype, **{field: [1]})))


@pytest.mark.parametrize("shape", [[2**62] * 9, [1, -1]])
def test_a_shape_that_is_none_is_refused(shape):
    """Before it is multiplied, which takes hours of a million dimensions."""
    tensor = messages().TensorProto(dtype=tf_serving_messages.FLOAT)
    for size in shape:
        tensor.tensor_shape.dim.add(size=size)
    with pytest.raises(ValueError, match="no definite shape"):
        array_of(tensor)
