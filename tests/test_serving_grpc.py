import contextlib
import subprocess
import sys
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from serving_samples import OUTPUTS, export_tiny_classifier, noise, png, running
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

IMAGES = noise(3)
SECONDS = 30


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return export_tiny_classifier(tmp_path_factory.mktemp("run") / "classifier")


@pytest.fixture(scope="module")
def address(directory):
    with running(directory, labels={"stable": 1}, max_request_bytes=2**20) as server:
        yield server.grpc_address


@pytest.fixture(scope="module")
def channel(address):
    with grpc.insecure_channel(address) as channel:
        yield channel


@pytest.fixture(scope="module")
def prediction(channel):
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


@pytest.fixture(scope="module")
def models(channel):
    return model_service_pb2_grpc.ModelServiceStub(channel)


def request_for(images=IMAGES, *, name="classifier", signature="", **choice):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = name
    request.model_spec.signature_name = signature
    if "version" in choice:
        request.model_spec.version.value = choice["version"]
    if "label" in choice:
        request.model_spec.version_label = choice["label"]
    request.inputs["image"].CopyFrom(tf.make_tensor_proto(images))
    return request


def refusal_of(call, request):
    with pytest.raises(grpc.RpcError) as raised:
        call(request, timeout=SECONDS)
    return raised.value.code().name, raised.value.details()


def assert_answers(response, directory):
    expected = tf.saved_model.load(str(directory)).signatures["serving_default"](
        image=tf.constant(IMAGES)
    )
    assert response.outputs.keys() == OUTPUTS
    answered = {name: tf.make_ndarray(response.outputs[name]) for name in OUTPUTS}
    # LiteRT adds up in another order than TensorFlow.
    np.testing.assert_allclose(answered["probabilities"], expected["probabilities"], atol=1e-6)
    np.testing.assert_array_equal(answered["class_id"], expected["class_id"])
    np.testing.assert_array_equal(answered["label"], expected["label"].numpy())


def test_tensors(prediction, directory):
    response = prediction.Predict(request_for(), timeout=SECONDS)
    assert_answers(response, directory)
    assert response.model_spec.name == "classifier"
    assert response.model_spec.version.value == 1
    assert response.model_spec.signature_name == "serving_default"


def test_outputs_are_in_the_fields_of_their_types(prediction):
    """As TensorFlow Serving writes them, for clients that read the fields themselves."""
    outputs = prediction.Predict(request_for(), timeout=SECONDS).outputs
    assert len(outputs["probabilities"].float_val) == 9
    assert len(outputs["class_id"].int64_val) == 3
    assert len(outputs["label"].string_val) == 3
    assert [dim.size for dim in outputs["probabilities"].tensor_shape.dim] == [3, 3]


def test_files(prediction, directory):
    request = request_for(signature="encoded")
    del request.inputs["image"]
    files = [png(image) for image in IMAGES]
    request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto(files))
    response = prediction.Predict(request, timeout=SECONDS)
    assert_answers(response, directory)
    assert response.model_spec.signature_name == "encoded"


@pytest.mark.parametrize("choice", [{"version": 1}, {"label": "stable"}])
def test_a_version_and_a_label(prediction, directory, choice):
    assert_answers(prediction.Predict(request_for(**choice), timeout=SECONDS), directory)


def test_only_what_is_asked_for(prediction):
    request = request_for()
    request.output_filter.append("label")
    assert prediction.Predict(request, timeout=SECONDS).outputs.keys() == {"label"}


def test_no_images(prediction):
    response = prediction.Predict(request_for(IMAGES[:0]), timeout=SECONDS)
    assert tf.make_ndarray(response.outputs["probabilities"]).shape == (0, 3)


@pytest.mark.parametrize(
    ("request_", "code", "details"),
    [
        (
            request_for(name="other"),
            "NOT_FOUND",
            "Servable not found for request: Latest(other)",
        ),
        (
            request_for(version=9),
            "NOT_FOUND",
            "Servable not found for request: Specific(classifier, 9)",
        ),
        (
            request_for(label="canary"),
            "INVALID_ARGUMENT",
            "Unrecognized servable version label: canary",
        ),
        (
            request_for(signature="x"),
            "FAILED_PRECONDITION",
            'Serving signature key "x" not found.',
        ),
    ],
)
def test_errors(prediction, request_, code, details):
    assert refusal_of(prediction.Predict, request_) == (code, details)


def test_errors_about_names_of_tensors(prediction):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "classifier"
    code, details = refusal_of(prediction.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert details.startswith("input size does not match signature: 0!=1")

    request.inputs["picture"].CopyFrom(tf.make_tensor_proto(IMAGES))
    code, details = refusal_of(prediction.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert details.startswith("input tensor alias not found in signature")

    request = request_for()
    request.output_filter.append("logits")
    code, details = refusal_of(prediction.Predict, request)
    assert code == "INVALID_ARGUMENT"
    assert details.startswith("output tensor alias not found in signature: logits")

    request = request_for()
    request.output_filter.extend(["label", "label"])
    assert refusal_of(prediction.Predict, request) == (
        "INVALID_ARGUMENT",
        "duplicate output tensor alias: label",
    )


def test_metadata(prediction, directory):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    request.model_spec.name = "classifier"
    request.metadata_field.append("signature_def")
    response = prediction.GetModelMetadata(request, timeout=SECONDS)
    assert response.model_spec.version.value == 1
    signatures = get_model_metadata_pb2.SignatureDefMap()
    assert response.metadata["signature_def"].Unpack(signatures)
    image = signatures.signature_def["serving_default"].inputs["image"]
    assert tf.as_dtype(image.dtype) == tf.uint8
    assert [dim.size for dim in image.tensor_shape.dim] == [-1, -1, -1, 3]


def test_metadata_errors(prediction):
    request = get_model_metadata_pb2.GetModelMetadataRequest()
    assert refusal_of(prediction.GetModelMetadata, request) == (
        "INVALID_ARGUMENT",
        "Missing ModelSpec",
    )
    request.model_spec.name = "classifier"
    assert refusal_of(prediction.GetModelMetadata, request) == (
        "INVALID_ARGUMENT",
        "GetModelMetadataRequest must specify at least one metadata_field",
    )
    request.metadata_field.append("weights")
    assert refusal_of(prediction.GetModelMetadata, request) == (
        "INVALID_ARGUMENT",
        "Metadata field weights is not supported",
    )


def test_status(models):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "classifier"
    expected = text_format.Parse(
        "model_version_status { version: 1 state: AVAILABLE status {} }",
        get_model_status_pb2.GetModelStatusResponse(),
    )
    assert models.GetModelStatus(request, timeout=SECONDS) == expected
    request.model_spec.version.value = 9
    assert refusal_of(models.GetModelStatus, request) == (
        "NOT_FOUND",
        "Could not find version 9 of model classifier",
    )


def test_what_is_not_implemented_says_so(prediction, models):
    for call, request in (
        (prediction.Classify, classification_pb2.ClassificationRequest()),
        (prediction.Regress, regression_pb2.RegressionRequest()),
        (prediction.MultiInference, inference_pb2.MultiInferenceRequest()),
        (models.HandleReloadConfigRequest, model_management_pb2.ReloadConfigRequest()),
    ):
        assert refusal_of(call, request)[0] == "UNIMPLEMENTED"


def test_too_large_a_message(prediction):
    request = request_for(noise(1, 800, 800))
    assert refusal_of(prediction.Predict, request)[0] == "RESOURCE_EXHAUSTED"


_BOMB = """
import sys
import grpc

for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
    with grpc.insecure_channel(sys.argv[1]) as channel:
        call = channel.unary_unary(
            "/tensorflow.serving.PredictionService/Predict",
            request_serializer=bytes,
            response_deserializer=bytes,
        )
        try:
            call(bytes(2**26), compression=compression, timeout=60)
        except grpc.RpcError as refused:
            print(refused.code().name)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_a_small_message_that_unfolds_to_64_times_the_limit(address, prediction, directory):
    """Refused before it is unfolded, which grpcio of before 1.82.2 and 1.83.0 do first."""
    prediction.Predict(request_for(), timeout=SECONDS)
    Path("/proc/self/clear_refs").write_text("5")  # The peak from here on.
    before = memory("VmRSS")
    # In a process of its own, whose 64 MiB are none of the server's.
    sent = subprocess.run(
        [sys.executable, "-c", _BOMB, address], capture_output=True, text=True, check=True
    )
    assert sent.stdout.split() == ["RESOURCE_EXHAUSTED"] * 2
    assert memory("VmHWM") - before < 32 * 2**20
    assert_answers(prediction.Predict(request_for(), timeout=SECONDS), directory)


def memory(kind):
    """Bytes that this process has, of a kind that Linux counts."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))


def test_images_that_the_gate_does_not_know_are_refused(directory):
    with (
        running(directory, gate=lambda images: np.zeros(len(images), bool)) as server,
        grpc.insecure_channel(server.grpc_address) as channel,
    ):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        code, details = refusal_of(stub.Predict, request_for())
    assert code == "FAILED_PRECONDITION"
    assert "does not look protected" in details


@pytest.mark.parametrize("content", [b"\xff" * 40, b"\x0a\xff\xff\xff\xff\x0f", b"\x08"])
def test_bytes_that_are_no_message_are_refused_without_a_word_of_ours(channel, content):
    for method in (
        "/tensorflow.serving.PredictionService/Predict",
        "/tensorflow.serving.ModelService/GetModelStatus",
    ):
        call = channel.unary_unary(method, request_serializer=bytes, response_deserializer=bytes)
        with pytest.raises(grpc.RpcError) as raised:
            call(content, timeout=SECONDS)
        assert raised.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert raised.value.details() == "the message is no request of this method"


def test_a_request_that_never_comes_holds_no_place(directory):
    """As many as may be under way: whoever comes after them is answered."""
    with running(directory, sender_timeout=2, max_queued=4, max_batch_size=4) as server:
        never = threading.Event()

        def nothing():
            never.wait(SECONDS)
            yield from ()

        with contextlib.ExitStack() as stack:
            stack.callback(never.set)
            channel = stack.enter_context(grpc.insecure_channel(server.grpc_address))
            path = "/tensorflow.serving.PredictionService/Predict"
            waiting = [channel.stream_unary(path).future(nothing()) for _ in range(8)]
            codes = {call.exception(timeout=SECONDS).code().name for call in waiting}
            assert codes == {"DEADLINE_EXCEEDED"}
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            assert_answers(stub.Predict(request_for(), timeout=SECONDS), directory)


def test_pictures_are_counted_before_anybody_looks_at_them(directory):
    """Half a hundred bytes may stand for thousands of pictures."""
    seen = []

    def gate(images):
        seen.append(len(images))
        return np.ones(len(images), bool)

    many = predict_pb2.PredictRequest()
    many.model_spec.name = "classifier"
    tensor = many.inputs["image"]
    tensor.CopyFrom(tf.make_tensor_proto(np.zeros((1, 8, 8, 3), np.uint8)))
    tensor.tensor_content = b""
    tensor.int_val.append(3)
    tensor.tensor_shape.dim[0].size = 16384
    with running(directory, gate=gate) as server, grpc.insecure_channel(server.grpc_address) as to:
        predict = prediction_service_pb2_grpc.PredictionServiceStub(to).Predict
        assert "Task size 16384" in refusal_of(predict, many)[1]
        predict(request_for(), timeout=SECONDS)
    assert seen == [len(IMAGES)]
