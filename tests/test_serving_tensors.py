"""Tensors that are no images, and what is no message, are refused by gRPC."""

import grpc
import numpy as np
import pytest
import tensorflow as tf
from serving_samples import PICTURE, assert_serves, png, running
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tfppdnn.serving.tensors import images_of
from tfppdnn.tf_serving_messages import messages

SECONDS = 30

LARGEST = 2**20
pytestmark = pytest.mark.usefixtures("nothing_is_said")


@pytest.fixture(scope="module")
def server(served_run):
    with running(served_run, max_request_bytes=LARGEST) as server:
        yield server


def tensor(dtype, shape, **values):
    proto = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


UNKNOWN_RANK = tensor(types_pb2.DT_UINT8, [], int_val=[1])


UNKNOWN_RANK.tensor_shape.unknown_rank = True


def pixels_of(tensor):
    """What the server makes of a tensor."""
    content = messages().TensorProto.FromString(tensor.SerializeToString())
    return images_of("serving_default", content, most=64).values


@pytest.mark.parametrize("written", [[5], [1, 2, 3], [], list(range(12))])
def test_pixels_are_read_as_tensorflow_reads_them(written):
    """The last one stands for all that follow."""
    value = tensor(types_pb2.DT_UINT8, [1, 2, 2, 3], int_val=written)
    np.testing.assert_array_equal(pixels_of(value), tf.make_ndarray(value))


@pytest.mark.parametrize(
    "value",
    [
        # One value that stands for a tensor of any size.
        tensor(types_pb2.DT_UINT8, [10**6, 1000, 1000, 3], int_val=[0]),
        tensor(types_pb2.DT_UINT8, [2**62, 2**62, 2**62, 3], int_val=[0]),
        tensor(types_pb2.DT_UINT8, [1, -1, 2, 3], int_val=[0]),
        tensor(types_pb2.DT_UINT8, [2**62] * 80_000, int_val=[0]),
        tensor(types_pb2.DT_UINT8, [1, 2, 2, 3], tensor_content=b"short"),
        tensor(types_pb2.DT_UINT8, [1, 2, 2, 3], int_val=[0] * 99),
        tensor(types_pb2.DT_UINT8, [1, 1, 1, 3], int_val=[0, 1, 256]),
        tensor(types_pb2.DT_UINT8, [1, 0, 2, 3]),
        tensor(types_pb2.DT_UINT8, [], int_val=[1]),
        tensor(types_pb2.DT_FLOAT, [1, 2, 2, 3], float_val=[float("nan")] * 12),
        tensor(types_pb2.DT_INVALID, [1, 2, 2, 3]),
        tensor(9999, [1, 2, 2, 3]),
        UNKNOWN_RANK,
    ],
    ids=range(13),
)
def test_tensors_that_are_no_images(server, value):
    assert_refused_by_grpc(server, "serving_default", image=value)


@pytest.mark.parametrize(
    "value",
    [
        tensor(types_pb2.DT_STRING, [2], string_val=[png(PICTURE)]),
        tensor(types_pb2.DT_STRING, [10**9], string_val=[png(PICTURE)]),
        tensor(types_pb2.DT_STRING, [1, 1], string_val=[png(PICTURE)]),
        tensor(types_pb2.DT_STRING, [], string_val=[png(PICTURE)]),
        tensor(types_pb2.DT_STRING, [1], tensor_content=png(PICTURE)),
        tensor(types_pb2.DT_STRING, [1], string_val=[b""]),
        tensor(types_pb2.DT_UINT8, [1], int_val=[1]),
    ],
    ids=range(7),
)
def test_tensors_that_are_no_files(server, value):
    assert_refused_by_grpc(server, "encoded", image_bytes=value)


def assert_refused_by_grpc(server, signature, **inputs):
    with grpc.insecure_channel(server.grpc_address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "classifier"
        request.model_spec.signature_name = signature
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(value)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Predict(request, timeout=SECONDS)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "Traceback" not in refused.value.details()
    assert "{{" not in refused.value.details()
    assert_serves(server)


@pytest.mark.parametrize("part", ["name", "version_label"])
def test_endless_names_are_not_repeated(server, part):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "classifier"
    setattr(request.model_spec, part, "a" * 10**5)
    with grpc.insecure_channel(server.grpc_address) as channel:
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        with pytest.raises(grpc.RpcError) as refused:
            stub.Predict(request, timeout=SECONDS)
    expected = {"name": "NOT_FOUND", "version_label": "INVALID_ARGUMENT"}
    assert refused.value.code().name == expected[part]
    assert "aaa..." in refused.value.details()


def test_bytes_that_are_no_message(server):
    with grpc.insecure_channel(server.grpc_address) as channel:
        predict = channel.unary_unary("/tensorflow.serving.PredictionService/Predict")
        with pytest.raises(grpc.RpcError):
            predict(b"\xff" * 1000, timeout=SECONDS)
    assert_serves(server)
