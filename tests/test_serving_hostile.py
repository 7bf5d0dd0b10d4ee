import base64
import contextlib
import http.client
import io
import json
import socket
import struct

import grpc
import hypothesis
import numpy as np
import pytest
import schemathesis
from PIL import Image
from serving_samples import CLIENT, b64, export_tiny_classifier, noise, png, running, url
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

SECONDS = 30
LARGEST = 2**20
PICTURE = noise(1)[0]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return export_tiny_classifier(tmp_path_factory.mktemp("run") / "classifier")


@pytest.fixture(scope="module")
def server(directory):
    with running(directory, max_request_bytes=LARGEST) as server:
        yield server


@pytest.fixture(autouse=True)
def nothing_is_said(capfd):
    """Nobody's request shows up in a log."""
    capfd.readouterr()
    yield
    said = capfd.readouterr()
    assert not said.out
    assert not said.err


def assert_serves(server):
    answer = CLIENT.post(url(server, ":predict"), json={"instances": [PICTURE.tolist()]})
    assert answer.status_code == 200


def assert_refused(server, body, *, status=400):
    answer = CLIENT.post(url(server, ":predict"), content=body)
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"error"}
    for inside in ("Traceback", "{{", "/tfppdnn/", "node"):
        assert inside not in answer.text
    assert_serves(server)
    return answer.json()["error"]


def encoded(*files):
    return json.dumps({"signature_name": "encoded", "instances": [*map(b64, files)]})


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"null",
        b"[]",
        b'"instances"',
        b'{"instances": [1,]}',
        b'{"instances": [[[[1, 2, 3]]]',
        b"\xff\xfe\x00",
        b"\xef\xbb\xbf{}",
        '{"inputs": 1}'.encode("utf-16"),
        b'{"signature_name": "\\ud800", "inputs": 1}',
        b'{"signature_name": "encoded", "inputs": ["\\ud800"]}',
        b'{"signature_name": null, "inputs": 1}',
        b'{"inputs": ' + b"[" * 100_000,
        b'{"inputs": ' + b"[" * 500 + b"]" * 500 + b"}",
        b'{"inputs": ' + b'{"a":' * 100_000,
        b'{"inputs": ' + b"9" * 10_000 + b"}",
    ],
    ids=range(16),
)
def test_malformed_json(server, body):
    assert_refused(server, body)


@pytest.mark.parametrize(
    "pixel", ["1.0", '"1"', "true", "null", "{}", "-1", "256", "1e3", "9" * 30, "NaN", "-Infinity"]
)
def test_pixels_of_other_types(server, pixel):
    assert "uint8" in assert_refused(server, f'{{"instances": [[[[0, 1, {pixel}]]]]}}')


@pytest.mark.parametrize(
    "instances",
    [
        [1],
        [[]],
        [[[]]],
        [[[[]]]],
        [[[1, 2, 3]]],
        [[[[1, 2]]]],
        [[[[1, 2, 3, 4]]]],
        [[[[[1, 2, 3]]]]],
        [[[[1, 2, 3]], [[1, 2, 3], [1, 2, 3]]]],
        [[[[1, 2, 3]]], [[[1, 2, 3], [4, 5, 6]]]],
        [[[[1, 2, 3]]], 1],
    ],
)
def test_shapes_that_are_no_images(server, instances):
    assert_refused(server, json.dumps({"instances": instances}))


def test_one_long_string_does_not_make_every_pixel_long(server):
    body = json.dumps({"instances": ["x" * 400_000, *[1] * 200_000]})
    assert "uint8" in assert_refused(server, body)


@pytest.mark.parametrize("missing", [1, 2, 3, 5, 40])
def test_truncated_base64(server, missing):
    text = base64.b64encode(png(PICTURE)).decode()[:-missing]
    body = json.dumps({"signature_name": "encoded", "instances": [{"b64": text}]})
    assert_refused(server, body)


@pytest.mark.parametrize("value", ["=", "*", "aGk=\n", 1, None, ["aGk="], {"b65": "aGk="}])
def test_what_is_no_base64(server, value):
    body = {"signature_name": "encoded", "instances": [{"b64": value}]}
    assert_refused(server, json.dumps(body))


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize("share", [0, 0.05, 0.5, 0.95])
def test_truncated_files(server, kind, share):
    file = io.BytesIO()
    Image.fromarray(noise(1, 40, 40)[0]).save(file, kind)
    content = file.getvalue()
    assert_refused(server, encoded(png(PICTURE), content[: int(share * len(content))]))


@pytest.mark.parametrize("kind", ["GIF", "BMP", "WEBP", "TIFF"])
def test_files_of_other_kinds(server, kind):
    file = io.BytesIO()
    Image.fromarray(PICTURE).save(file, kind)
    assert_refused(server, encoded(file.getvalue()))


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_image_bombs(server):
    """A few kilobytes that would unfold to gigabytes, alone and in pieces."""
    bomb = io.BytesIO()
    Image.new("1", (12_000, 12_000)).save(bomb, "PNG")
    assert "pixels" in assert_refused(server, encoded(bomb.getvalue()))

    piece = io.BytesIO()
    Image.new("L", (2000, 2000)).save(piece, "PNG")
    assert "pixels" in assert_refused(server, encoded(*[piece.getvalue()] * 5))

    forged = bytearray(png(PICTURE))
    forged[16:24] = struct.pack(">II", 2**31 - 1, 2**31 - 1)
    assert_refused(server, encoded(bytes(forged)))


def test_a_jpeg_of_endless_scans(server):
    """Each scan is thirty bytes, and a walk through the whole image for the decoder."""
    file = io.BytesIO()
    Image.new("L", (400, 400)).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    assert CLIENT.post(url(server, ":predict"), content=encoded(content)).status_code == 200
    last_scan = content[content.rindex(b"\xff\xda") : -2]
    assert len(last_scan) < 40
    bomb = content[:-2] + 100 * last_scan + content[-2:]
    assert "scans" in assert_refused(server, encoded(bomb))


def test_too_many_images(server):
    assert "Task size 65" in assert_refused(server, encoded(*[png(PICTURE)] * 65))


def test_a_body_that_says_it_is_too_large_is_not_waited_for(server):
    connection = http.client.HTTPConnection(server.rest_address, timeout=SECONDS)
    connection.putrequest("POST", "/v1/models/classifier:predict")
    connection.putheader("Content-Length", str(2**30))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read()).keys() == {"error"}
    assert_serves(server)


def test_a_body_without_end_is_cut_off(server):
    host, port = server.rest_address.split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(
            b"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: localhost\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b" " * 2**16 + b"\r\n"
        sent = 0
        try:
            while sent < 100 * LARGEST:
                connection.sendall(chunk)
                sent += len(chunk)
        except OSError:
            pass
    assert sent < 100 * LARGEST
    assert_serves(server)


def test_a_chunked_body_that_is_too_large_is_told_so(server):
    def chunks():
        for _ in range(LARGEST // 2**16 + 1):
            yield b" " * 2**16

    assert "larger than" in assert_refused(server, chunks(), status=413)


def test_slow_senders_are_hung_up_on(directory):
    post = b"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: localhost\r\n"
    whole = b"GET /v1/models/classifier HTTP/1.1\r\nHost: localhost\r\n\r\n"
    beginnings = {
        "nothing": b"",
        "half a head": post + b"Content-",
        "half a body": post + b"Content-Length: 9\r\n\r\n{",
        "half a second head": whole + b"GET /v1/mod",
    }
    said = dict.fromkeys(beginnings, b"")
    with running(directory, sender_timeout=3) as server, contextlib.ExitStack() as stack:
        host, port = server.rest_address.split(":")
        connections = {
            name: stack.enter_context(socket.create_connection((host, int(port)), timeout=SECONDS))
            for name in beginnings
        }
        for name, connection in connections.items():
            connection.sendall(beginnings[name])
        for name, connection in connections.items():
            while received := connection.recv(2**16):
                said[name] += received
        assert_serves(server)
    assert not said["nothing"] + said["half a head"]
    assert said["half a body"].startswith(b"HTTP/1.1 408")
    assert said["half a second head"].startswith(b"HTTP/1.1 200")
    assert said["half a second head"].count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "path",
    [
        "/v1/models/../../../../etc/passwd",
        "/v1/models/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/v1/models/..%2fclassifier/metadata",
        "/v1/models/classifier/versions/../../../1",
        "/v1/models/classifier/versions/%00",
        "/v1/models/classifier/versions/\xb2",
        "/v1/models/classifier/versions/1e3",
        "/v1/models/classifier/versions/-1",
        "/v1/models/classifier/versions/" + "9" * 6000,
        "/v1/models/classifier/labels/%ff%fe",
        "/v1/models/" + "a" * 10_000,
        "/v1/models/%ud800",
        "/../../etc/passwd",
        "//etc/passwd",
        "/static/../../etc/passwd",
    ],
    ids=range(15),
)
def test_path_tricks(server, path):
    host, port = server.rest_address.split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(
            f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        said = b""
        while received := connection.recv(2**16):
            said += received
    assert 400 <= int(said.split()[1]) < 500, said
    assert b"root:" not in said
    assert b"Traceback" not in said
    assert_serves(server)


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"a" * 200_000 + b"\r\n\r\n",
        b"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Length: -5\r\n\r\n",
        b"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
        b"Content-Length: 9\r\n\r\n{}",
        b"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: localhost\r\n"
        b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ],
    ids=range(7),
)
def test_what_is_no_http(server, request_):
    host, port = server.rest_address.split(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        try:
            connection.sendall(request_)
            said = connection.recv(2**16)
        except OSError:  # hung up before everything was sent
            said = b""
    assert not said or 400 <= int(said.split()[1]) < 500, said
    assert_serves(server)


def asked(server, **headers):
    """The answers to a GET and to a POST with these headers."""
    return [
        CLIENT.request(method, url(server, end), headers=headers, content=content)
        for method, end, content in (
            ("GET", "", b""),
            ("POST", ":predict", json.dumps({"instances": [PICTURE.tolist()]})),
        )
    ]


@pytest.mark.parametrize("host", ["localhost:8501", "LOCALHOST", "127.0.0.1", "[::1]:8501"])
def test_this_machine_s_own_names_are_answered(server, host):
    assert [answer.status_code for answer in asked(server, host=host)] == [200, 200]


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "127.0.0.1.evil", "["])
def test_a_page_that_takes_this_machine_s_address_reads_nothing(server, host):
    """DNS rebinding: the browser believes that loopback is the page's own server."""
    for answer in asked(server, host=host):
        assert answer.status_code == 403
        assert "--hosts=NAME" in answer.json()["error"]
    assert_serves(server)


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_pages_of_other_origins_cannot_post(server, site):
    """They may link here; what they would get they cannot read."""
    answers = asked(server, **{"sec-fetch-site": site})
    assert [answer.status_code for answer in answers] == [200, 403]
    answers = asked(server, **{"sec-fetch-site": "same-origin"})
    assert [answer.status_code for answer in answers] == [200, 200]


def test_names_are_those_of_the_proxy_in_front(directory):
    with running(directory, hosts=("photos.example",)) as server:
        answers = asked(server, host="Photos.example", **{"sec-fetch-site": "cross-site"})
        assert [answer.status_code for answer in answers] == [200, 200]
        answers = asked(server, host="evil.example")
        assert [answer.status_code for answer in answers] == [403, 403]


def test_a_server_for_other_machines_takes_any_name(directory):
    with running(directory, host="0.0.0.0") as server:
        answers = asked(server, host="photos.example")
        assert [answer.status_code for answer in answers] == [200, 200]


def tensor(dtype, shape, **values):
    proto = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in shape:
        proto.tensor_shape.dim.add(size=size)
    return proto


UNKNOWN_RANK = tensor(types_pb2.DT_UINT8, [], int_val=[1])
UNKNOWN_RANK.tensor_shape.unknown_rank = True


@pytest.mark.parametrize(
    "value",
    [
        # One value that stands for a tensor of any size.
        tensor(types_pb2.DT_UINT8, [10**6, 1000, 1000, 3], int_val=[0]),
        tensor(types_pb2.DT_UINT8, [2**62, 2**62, 2**62, 3], int_val=[0]),
        tensor(types_pb2.DT_UINT8, [1, -1, 2, 3], int_val=[0]),
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
    ids=range(12),
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


CHECKS = [
    schemathesis.checks.status_code_conformance,
    schemathesis.checks.content_type_conformance,
    schemathesis.checks.response_schema_conformance,
]


@pytest.mark.parametrize(
    ("mode", "methods"),
    [
        (schemathesis.GenerationMode.POSITIVE, ("predict", "classify", "status", "metadata")),
        # Of addresses alone there is nothing that the page forbids.
        (schemathesis.GenerationMode.NEGATIVE, ("predict",)),
    ],
    ids=["allowed", "forbidden"],
)
def test_whatever_the_page_describes_is_answered_as_described(server, mode, methods):
    page = schemathesis.openapi.from_url(f"http://{server.rest_address}/openapi.json")
    operations = [result.ok() for result in page.get_all_operations()]
    operations = [
        one for one in operations if one.definition.raw["operationId"].split("_")[0] in methods
    ]
    assert len(operations) == 3 * len(methods)
    for operation in operations:

        @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
        @hypothesis.settings(
            max_examples=6,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        def is_answered_as_described(case):
            answer = case.call()
            case.validate_response(answer, checks=CHECKS)
            assert answer.status_code < 500 or answer.status_code == 501

        is_answered_as_described()


def test_it_still_answers_correctly(server, directory):
    """After all of the above, and with the very answer of before."""
    body = {"instances": noise(2).tolist()}
    answer = CLIENT.post(url(server, ":predict"), json=body).json()["predictions"]
    with running(directory) as fresh:
        assert CLIENT.post(url(fresh, ":predict"), json=body).json()["predictions"] == answer
    assert np.isfinite([row["probabilities"] for row in answer]).all()
