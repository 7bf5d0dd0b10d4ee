import concurrent.futures
import io

import numpy as np
import pytest
from PIL import Image

from tfppdnn.client import Client
from tfppdnn.client.retry import Retry
from tfppdnn.errors import UserError

grpc = pytest.importorskip("grpc", reason="needs grpcio")
# The published messages, which import TensorFlow: what the client's own are checked against.
predict_pb2 = pytest.importorskip(
    "tensorflow_serving.apis.predict_pb2", reason="needs tensorflow-serving-api"
)
prediction_service_pb2_grpc = pytest.importorskip(
    "tensorflow_serving.apis.prediction_service_pb2_grpc"
)
tf = pytest.importorskip("tensorflow")

RNG = np.random.default_rng(6)


class Negative:
    def protect(self, images):
        return 255 - images


class Servicer(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers class 1, "dog", to everything, after as many failures as it is told."""

    def __init__(self):
        self.requests, self.failures, self.as_content = [], [], False
        self.class_id = np.int64(1)

    def Predict(self, request, context):  # noqa: N802
        self.requests.append(request)
        if self.failures:
            context.abort(*self.failures.pop(0))
        count = request.inputs["image_bytes"].tensor_shape.dim[0].size
        response = predict_pb2.PredictResponse()
        for name, values in {
            "probabilities": np.tile(np.float32([0.1, 0.7, 0.2]), (count, 1)),
            "class_id": np.array([self.class_id] * count),
            "label": np.array([b"dog"] * count),
        }.items():
            if self.as_content or name == "label":
                tensor = tf.make_tensor_proto(values)
            else:
                tensor = tf.make_tensor_proto(values[:0])
                tensor.tensor_shape.CopyFrom(tf.TensorShape(values.shape).as_proto())
                field = {"probabilities": "float_val", "class_id": "int64_val"}[name]
                getattr(tensor, field).extend(values.ravel().tolist())
            response.outputs[name].CopyFrom(tensor)
        return response


@pytest.fixture
def servicer():
    servicer = Servicer()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(servicer, server)
    servicer.url = f"grpc://127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield servicer
    server.stop(None)


def client_of(servicer, **settings):
    settings.setdefault("retry", Retry(sleep=lambda seconds: None, attempts=3))
    return Client(servicer.url, protector=Negative(), **settings)


@pytest.mark.parametrize("as_content", [False, True])
def test_the_published_messages_understand_it(servicer, as_content):
    servicer.as_content = as_content
    images = RNG.integers(0, 256, (3, 5, 7, 3), np.uint8)
    answers = client_of(servicer, model="cats", batch_size=2).classify(images)
    assert [(answer.label, answer.class_id) for answer in answers] == [("dog", 1)] * 3
    np.testing.assert_allclose(answers[0].probabilities, [0.1, 0.7, 0.2], rtol=1e-6)

    first, second = servicer.requests
    assert (first.model_spec.name, first.model_spec.signature_name) == ("cats", "encoded")
    pngs = [
        *tf.make_ndarray(first.inputs["image_bytes"]),
        second.inputs["image_bytes"].string_val[0],
    ]
    sent = [np.asarray(Image.open(io.BytesIO(png))) for png in pngs]
    np.testing.assert_array_equal(sent, 255 - images)


def test_no_plain_pixel_leaves(servicer):
    image = RNG.integers(0, 256, (16, 16, 3), np.uint8)
    client_of(servicer).classify(image)
    (request,) = servicer.requests
    message = request.SerializeToString()
    assert not any(row.tobytes() in message for row in image)


@pytest.mark.parametrize("class_id", [np.float32(np.inf), np.float32(np.nan), np.int64(3)])
def test_a_class_that_is_none_is_not_believed(servicer, class_id):
    servicer.as_content, servicer.class_id = True, class_id
    with pytest.raises(UserError, match=f"{servicer.url} does not answer as a classifier"):
        client_of(servicer).classify(np.zeros((4, 4, 3), np.uint8))


@pytest.mark.parametrize("code", ["UNAVAILABLE", "RESOURCE_EXHAUSTED"])
def test_a_busy_server_is_asked_again(servicer, code):
    servicer.failures = [(grpc.StatusCode[code], "the queue is full")] * 2
    assert len(client_of(servicer).classify(np.zeros((4, 4, 3), np.uint8))) == 1
    assert len(servicer.requests) == 3


def test_what_will_not_change_is_not_asked_again(servicer):
    servicer.failures = [(grpc.StatusCode.NOT_FOUND, "Servable not found")]
    with pytest.raises(UserError, match=rf"{servicer.url} answered NOT_FOUND \(Servable not found"):
        client_of(servicer).classify(np.zeros((4, 4, 3), np.uint8))
    assert len(servicer.requests) == 1


def test_a_refused_batch_is_taken_apart(servicer):
    refused = (grpc.StatusCode.INVALID_ARGUMENT, "does not look protected")
    servicer.failures = [refused, refused]
    first, second = client_of(servicer).outcomes(np.zeros((2, 4, 4, 3), np.uint8))
    assert "image 0" in str(first) and "does not look protected" in str(first)
    assert second.label == "dog"


def test_a_server_that_is_not_there_is_named():
    client = Client(
        "grpc://127.0.0.1:1",
        protector=Negative(),
        retry=Retry(sleep=lambda seconds: None, attempts=2),
    )
    with pytest.raises(UserError, match=r"grpc://127\.0\.0\.1:1 answered UNAVAILABLE.*2 times"):
        client.classify(np.zeros((4, 4, 3), np.uint8))


def test_asking_its_port_by_http_is_explained(servicer):
    with pytest.raises(UserError, match=f"not speak HTTP.*pass {servicer.url}"):
        Client(servicer.url.replace("grpc", "http"), protector=Negative()).classify(
            np.zeros((4, 4, 3), np.uint8)
        )
    assert servicer.requests == []


@pytest.fixture(scope="module")
def real_server(tmp_path_factory):
    """What `python -m tfppdnn serve` runs, and its classifier."""
    pytest.importorskip("fastapi")
    from serving_samples import export_tiny_classifier, running

    run = tmp_path_factory.mktemp("run")
    classifier = export_tiny_classifier(run / "classifier")
    with running(run) as server:
        yield server, tf.saved_model.load(str(classifier))


@pytest.mark.parametrize("scheme", ["http", "grpc"])
def test_the_real_server_answers_as_its_classifier_does(real_server, scheme):
    server, classifier = real_server
    address = server.rest_address if scheme == "http" else server.grpc_address
    images = RNG.integers(0, 256, (5, 8, 8, 3), np.uint8)
    answers = Client(f"{scheme}://{address}", protector=Negative(), batch_size=2).classify(images)
    expected = classifier.signatures["serving_default"](image=tf.constant(255 - images))
    assert [answer.class_id for answer in answers] == expected["class_id"].numpy().tolist()
    assert [a.label.encode() for a in answers] == expected["label"].numpy().tolist()
    np.testing.assert_allclose(
        [answer.probabilities for answer in answers], expected["probabilities"], atol=1e-6
    )
