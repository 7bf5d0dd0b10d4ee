import base64
import http.server
import io
import json
import logging
import shlex
import shutil
import socket
import ssl
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfppdnn import load_protector
from tfppdnn.client import Answer, Client
from tfppdnn.client.retry import Retry
from tfppdnn.errors import UserError

CLASSES = ("cat", "dog", "ship")
RNG = np.random.default_rng(5)


class Negative:
    """A protector whose work is easily checked."""

    def protect(self, images):
        return 255 - images


def answer_to(png):
    """What the servers of these tests say: the class depends on the first pixel."""
    class_id = int(np.asarray(Image.open(io.BytesIO(png)))[0, 0, 0]) % 3
    probabilities = [0.25, 0.25, 0.25]
    probabilities[class_id] = 0.5
    return {"probabilities": probabilities, "class_id": class_id, "label": CLASSES[class_id]}


def expected(image):
    """The answer to a plain image, by the same rule."""
    class_id = int(255 - image[0, 0, 0]) % 3
    return CLASSES[class_id], class_id, 0.5


def photographs(count=1, height=6, width=8):
    return RNG.integers(0, 256, (count, height, width, 3), np.uint8)


class Server:
    """Speaks HTTP on loopback, answers what `reply` says, and keeps every request's body."""

    def __init__(self, reply=None):
        self.bodies, self.paths, self.headers = [], [], []
        self.reply = reply or (lambda server, pngs: predictions(pngs))

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(handler):  # noqa: N805
                body = handler.rfile.read(int(handler.headers["Content-Length"]))
                self.bodies.append(body)
                self.paths.append(handler.path)
                self.headers.append(handler.headers)
                status, headers, content = self.reply(self, pngs_of(body))
                handler.send_response(status)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.send_header("Content-Length", str(len(content)))
                handler.end_headers()
                handler.wfile.write(content)

            def log_message(handler, *arguments):  # noqa: N805
                pass

        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        threading.Thread(target=self.http.serve_forever, args=(0.01,), daemon=True).start()

    def sent_images(self):
        return [np.asarray(Image.open(io.BytesIO(p))) for b in self.bodies for p in pngs_of(b)]

    def close(self):
        self.http.shutdown()
        self.http.server_close()


def pngs_of(body):
    return [
        base64.b64decode(one["image_bytes"]["b64"], validate=True)
        for one in json.loads(body)["instances"]
    ]


def predictions(pngs):
    return 200, {}, json.dumps({"predictions": [answer_to(png) for png in pngs]}).encode()


def error(status, message="no", **headers):
    return status, headers, json.dumps({"error": message}).encode()


@pytest.fixture
def serve():
    servers = []

    def start(reply=None):
        servers.append(Server(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


class Waits:
    """Takes the place of sleeping."""

    def __init__(self, **settings):
        self.seconds = []
        self.retry = Retry(sleep=self.seconds.append, jitter=lambda: 1.0, **settings)


def client_of(server, **settings):
    return Client(getattr(server, "url", server), protector=Negative(), **settings)


def test_answers_come_in_the_order_of_the_images(serve, tmp_path):
    arrays = photographs(5)
    Image.fromarray(arrays[3]).save(tmp_path / "three.png")
    images = [arrays[0], arrays[1], arrays[2], tmp_path / "three.png", arrays[4]]
    server = serve()
    answers = client_of(server, batch_size=2).classify(images)
    assert [(a.label, a.class_id, a.probability) for a in answers] == [
        expected(image) for image in arrays
    ]
    assert all(sorted(answer.probabilities) == [0.25, 0.25, 0.5] for answer in answers)
    assert isinstance(answers[0], Answer)
    assert [len(pngs_of(body)) for body in server.bodies] == [2, 2, 1]
    assert set(server.paths) == {"/v1/models/classifier:predict"}
    assert {json.loads(body)["signature_name"] for body in server.bodies} == {"encoded"}


def test_takes_one_path_one_array_or_a_batch(serve, tmp_path):
    (image,) = photographs()
    Image.fromarray(image).save(tmp_path / "one.png")
    client = client_of(serve())
    for one in (image, image[np.newaxis], tmp_path / "one.png", str(tmp_path / "one.png")):
        assert [answer.label for answer in client.classify(one)] == [expected(image)[0]]
    assert client.classify([]) == []


def test_what_is_sent_is_the_protected_image(serve):
    images = photographs(3)
    server = serve()
    client_of(server).classify(images)
    np.testing.assert_array_equal(server.sent_images(), 255 - images)


class Broken:
    """A protector that hands back what `make` makes of the image."""

    def __init__(self, make):
        self.make = make

    def protect(self, image):
        return self.make(image)


def mostly_plain(image):
    protected = 255 - image
    protected[0] = image[0]
    return protected


@pytest.mark.parametrize(
    "make",
    [
        lambda image: image,
        mostly_plain,
        lambda image: None,
        lambda image: image / 255,
        lambda image: (255 - image)[:2],
        lambda image: 255 - image[np.newaxis],
    ],
    ids=["does nothing", "leaves a row", "nothing", "no bytes", "half", "batch"],
)
def test_what_a_broken_protector_leaves_plain_is_not_sent(serve, make):
    server = serve()
    with pytest.raises(UserError, match="image 0 cannot be protected"):
        Client(server.url, protector=Broken(make)).classify(photographs())
    assert server.bodies == []


def test_a_protector_may_work_in_place(serve):
    server, images = serve(), photographs()
    before = images.copy()
    in_place = Broken(lambda image: np.subtract(255, image, out=image))
    Client(server.url, protector=in_place).classify(images)
    np.testing.assert_array_equal(server.sent_images(), 255 - before)
    np.testing.assert_array_equal(images, before)


def test_images_are_resized_before_they_are_protected(serve):
    plain = np.zeros((40, 80, 3), np.uint8)
    plain[:, 20:60] = 200  # the central square
    server = serve()
    client_of(server, size=16).classify(plain)
    (sent,) = server.sent_images()
    np.testing.assert_array_equal(sent, np.full((16, 16, 3), 55))


def test_no_byte_of_a_plain_image_its_name_or_its_metadata_leaves(tmp_path):
    """Every byte that reaches the wire is kept and looked through."""
    (image,) = photographs(height=24, width=24)
    exif = Image.Exif()
    exif[0x010E] = "SECRET-DESCRIPTION"
    path = tmp_path / "secret-name.png"
    Image.fromarray(image).save(path, exif=exif)

    listener = socket.create_server(("127.0.0.1", 0))
    received = bytearray()

    def keep():
        connection, _ = listener.accept()
        with connection, connection.makefile("rb") as stream:
            while (line := stream.readline()) != b"\r\n":
                received.extend(line)
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            body = stream.read(length)
            received.extend(body)
            _, _, content = predictions(pngs_of(body))
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n"
            connection.sendall(head.encode() + content)

    keeper = threading.Thread(target=keep)
    keeper.start()
    client_of(f"http://127.0.0.1:{listener.getsockname()[1]}").classify(path)
    keeper.join()
    listener.close()

    head, body = bytes(received).split(b"{", 1)
    (png,) = pngs_of(b"{" + body)
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(png))), 255 - image)
    assert list(Image.open(io.BytesIO(png)).info) == []
    plain_rows = {row.tobytes() for row in image}
    for sent in (bytes(received), png, np.asarray(Image.open(io.BytesIO(png))).tobytes()):
        assert b"SECRET" not in sent and b"secret-name" not in sent
        assert not any(row in sent or base64.b64encode(row) in sent for row in plain_rows)
    names = {line.split(b":")[0].lower() for line in head.splitlines()[1:]}
    assert names == {b"host", b"accept-encoding", b"content-type", b"content-length"}


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_busy_server_is_asked_again_later_and_later(serve, status):
    waits = Waits(attempts=4, first_wait=1.0)
    images = photographs(2)

    def reply(server, pngs):
        return error(status) if len(server.bodies) < 4 else predictions(pngs)

    server = serve(reply)
    assert len(client_of(server, retry=waits.retry).classify(images)) == 2
    assert waits.seconds == [1.0, 2.0, 4.0]
    assert len(set(server.bodies)) == 1


def test_the_server_says_how_long_to_wait(serve):
    waits = Waits()

    def reply(server, pngs):
        busy = error(503, **{"Retry-After": "7"})
        return busy if len(server.bodies) == 1 else predictions(pngs)

    client_of(serve(reply), retry=waits.retry).classify(photographs())
    assert waits.seconds == [7.0]


@pytest.mark.parametrize("when", ["7", "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_server_that_asks_for_too_much_patience_is_left(serve, when):
    waits = Waits(longest_wait=5.0)
    server = serve(lambda server, pngs: error(429, **{"Retry-After": when}))
    with pytest.raises(UserError, match=r"asks to wait \d+ seconds"):
        client_of(server, retry=waits.retry).classify(photographs())
    assert waits.seconds == [] and len(server.bodies) == 1


def test_waits_are_spread(serve):
    early, late = Retry(jitter=lambda: 0.0)._wait(3, None), Retry(jitter=lambda: 1.0)._wait(3, None)
    assert (early, late) == (1.0, 2.0)
    assert Retry(jitter=lambda: 1.0, longest_wait=9.0)._wait(50, None) == 9.0


def test_a_server_that_is_not_there_is_named(serve):
    server = serve()
    server.close()
    waits = Waits(attempts=3)
    with pytest.raises(UserError, match=r"127\.0\.0\.1:.*refused.*tried 3 times"):
        client_of(server, retry=waits.retry).classify(photographs())
    assert len(waits.seconds) == 2


def test_a_silent_server_is_left_and_asked_again():
    listener = socket.create_server(("127.0.0.1", 0))  # accepts, and never says a word
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    waits = Waits(attempts=2)
    with pytest.raises(UserError, match=r"did not answer within 0.2 seconds; tried 2 times"):
        client_of(url, timeout=0.2, retry=waits.retry).classify(photographs())
    listener.close()


def test_a_connection_that_breaks_is_tried_again(serve):
    waits = Waits()

    def reply(server, pngs):
        if len(server.bodies) == 1:
            return 200, {"Content-Length": "1000000"}, b"{"
        return predictions(pngs)

    server = serve(reply)
    client_of(server, retry=waits.retry, timeout=2).classify(photographs())
    assert len(server.bodies) == 2


def test_a_server_that_hangs_up_without_a_word_is_asked_again():
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up():
        for _ in range(2):
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as stream:
                while (line := stream.readline()) != b"\r\n":
                    if line.lower().startswith(b"content-length:"):
                        length = int(line.split(b":")[1])
                stream.read(length)

    hanging_up = threading.Thread(target=hang_up, daemon=True)
    hanging_up.start()
    waits = Waits(attempts=2)
    with pytest.raises(UserError, match=r"cannot be reached .*tried 2 times"):
        client_of(f"http://127.0.0.1:{listener.getsockname()[1]}", retry=waits.retry).classify(
            photographs()
        )
    hanging_up.join()
    listener.close()


def test_what_does_not_speak_http_is_said_once():
    listener = socket.create_server(("127.0.0.1", 0))

    def answer():
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00")  # as HTTP/2 begins
            connection.recv(2**20)

    answering = threading.Thread(target=answer, daemon=True)
    answering.start()
    port, waits = listener.getsockname()[1], Waits()
    with pytest.raises(UserError, match=rf"not speak HTTP.*8500.*grpc://127\.0\.0\.1:{port}"):
        client_of(f"http://127.0.0.1:{port}", retry=waits.retry).classify(photographs())
    answering.join()
    listener.close()
    assert waits.seconds == []


@pytest.mark.parametrize("status", [401, 403, 404, 500, 501])
def test_what_will_not_change_is_not_asked_again(serve, status):
    server = serve(lambda server, pngs: error(status, "Servable not found"))
    with pytest.raises(UserError, match=rf"{server.url} answered {status} \(Servable not found\)"):
        client_of(server).classify(photographs(3))
    assert len(server.bodies) == 1


def test_one_refused_image_does_not_cost_the_others_their_answers(serve):
    images = photographs(7)
    images[4] = 255 - 99  # arrives as 99

    def reply(server, pngs):
        sent = [np.asarray(Image.open(io.BytesIO(png))) for png in pngs]
        if any((one == 99).all() for one in sent):
            return error(422, "this image does not look protected")
        return predictions(pngs)

    outcomes = list(client_of(serve(reply)).outcomes(images))
    for number, (image, outcome) in enumerate(zip(images, outcomes, strict=True)):
        if number == 4:
            assert isinstance(outcome, UserError)
            assert "image 4: " in str(outcome) and "does not look protected" in str(outcome)
        else:
            assert outcome.label == expected(image)[0]
    with pytest.raises(UserError, match="does not look protected"):
        client_of(serve(reply)).classify(images)


def test_requests_too_large_for_the_server_become_smaller(serve):
    def reply(server, pngs):
        return error(413, "larger than") if len(pngs) > 2 else predictions(pngs)

    server = serve(reply)
    assert len(client_of(server, batch_size=8).classify(photographs(8))) == 8


def test_large_images_do_not_share_a_request(serve):
    server = serve()
    client_of(server).classify(photographs(4, height=800, width=800))
    assert [len(pngs_of(body)) for body in server.bodies] == [2, 2]


def test_images_that_cannot_be_read_are_named_and_not_sent(serve, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    good, floats = photographs()[0], np.zeros((4, 4, 3))
    server = serve()
    images = [tmp_path / "broken.png", good, tmp_path / "none.jpg", floats]
    broken, answered, missing, wrong = client_of(server).outcomes(images)
    assert "broken.png" in str(broken)
    assert answered.label == expected(good)[0]
    assert "none.jpg" in str(missing)
    assert "image 3" in str(wrong) and "uint8" in str(wrong)
    assert len(server.sent_images()) == 1


def test_redirects_are_not_followed(serve):
    other = serve()
    moved = serve(lambda server, pngs: error(307, Location=f"{other.url}/v1/models/x:predict"))
    with pytest.raises(UserError, match=f"sends its clients to {other.url}"):
        client_of(moved).classify(photographs())
    assert other.bodies == []


def test_proxies_of_the_environment_are_not_used(serve, monkeypatch):
    proxy, server = serve(), serve()
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy.url)
    client_of(server).classify(photographs())
    assert proxy.bodies == [] and len(server.bodies) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"{}",
        b'{"predictions": []}',
        b'{"predictions": [[0.1, 0.9]]}',
        b'{"predictions": [{"probabilities": [2, 0], "class_id": 0, "label": "cat"}]}',
        b'{"predictions": [{"probabilities": [NaN], "class_id": 0, "label": "cat"}]}',
        b'{"predictions": [{"probabilities": [1, 0], "class_id": 2, "label": "cat"}]}',
        b'{"predictions": [{"probabilities": [1, 0], "class_id": 0, "label": 7}]}',
        b"[" * 100_000,
    ],
)
def test_an_answer_that_is_none_is_not_believed(serve, content):
    server = serve(lambda server, pngs: (200, {}, content))
    with pytest.raises(UserError, match=f"{server.url} does not answer as a classifier"):
        client_of(server).classify(photographs())


def test_what_a_server_says_cannot_command_the_terminal(serve):
    server = serve(lambda server, pngs: error(404, "\x1b[2J\nsecond line" + "x" * 5000))
    with pytest.raises(UserError) as caught:
        client_of(server).classify(photographs())
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_model_prefix_and_headers_reach_the_server(serve):
    server = serve()
    client = Client(
        f"{server.url}/cats/",
        protector=Negative(),
        model="a b",
        headers={"Authorization": "Bearer token"},
    )
    client.classify(photographs())
    assert server.paths == ["/cats/v1/models/a%20b:predict"]
    assert server.headers[0]["Authorization"] == "Bearer token"


@pytest.mark.parametrize(
    "url",
    [
        "127.0.0.1:8501",
        "localhost",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://host:99999",
        "http://user:password@host",
        "http://host/?key=1",
        "http://host:8501/v1/models/classifier",
        "grpc://host:8500/path",
    ],
)
def test_addresses_that_are_none(url):
    with pytest.raises(UserError) as caught:
        client_of(url)
    assert "password" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://127.0.0.1:8501", False),
        ("http://[::1]:8501", False),
        ("http://localhost:8501", False),
        ("https://example.org", False),
        ("http://example.org", True),
        ("http://127.0.0.1.example.org", True),
        ("grpc://192.0.2.1:8500", True),
        ("grpcs://192.0.2.1:8500", False),
    ],
)
def test_sending_unencrypted_to_another_machine_is_warned_of(url, warned, caplog):
    pytest.importorskip("grpc")
    with caplog.at_level(logging.WARNING):
        client_of(url)
    assert ("not encrypted" in caplog.text) == warned


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("http://127.0.0.1:9/\xfc", {}),
        ("http://127.0.0.1:9/a b", {}),
        ("http://" + "a" * 80, {}),
        ("http://127.0.0.1:9", {"X-Key": "secret\n"}),
        ("http://127.0.0.1:9", {"X-Key": "secret \u20ac"}),
    ],
    ids=range(5),
)
def test_what_http_cannot_carry_is_said_without_quoting_headers(url, headers):
    with pytest.raises(UserError, match="HTTP cannot carry") as refused:
        Client(url, protector=Negative(), headers=headers).classify(photographs())
    assert "secret" not in str(refused.value)


def test_a_certificate_that_is_not_trusted_ends_the_call(tmp_path):
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the program openssl to make a certificate")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    options = "-x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=localhost"
    command = f"{openssl} req {options} -keyout {key} -out {certificate}"
    subprocess.run(shlex.split(command), capture_output=True, check=True)
    server = Server()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.http.socket = context.wrap_socket(server.http.socket, server_side=True)
    waits = Waits()
    with pytest.raises(UserError, match="is not who it says it is"):
        client_of(server.url.replace("http", "https"), retry=waits.retry).classify(photographs())
    assert waits.seconds == [] and server.bodies == []
    server.close()


@pytest.mark.parametrize("value", [0, -1, "32", True, np.inf, np.nan])
@pytest.mark.parametrize("name", ["size", "batch_size", "timeout"])
def test_settings_that_make_no_sense(name, value):
    with pytest.raises(UserError, match=rf"{name} must be .*number above 0, not "):
        client_of("http://127.0.0.1:1", **{name: value})


def test_sizes_are_whole_numbers_of_any_kind(serve):
    server = serve()
    with pytest.raises(UserError, match="size must be a whole number"):
        client_of(server, size=32.0)
    client_of(server, size=np.int64(4)).classify(photographs())
    assert server.sent_images()[0].shape == (4, 4, 3)


def test_a_missing_protector_is_named(tmp_path):
    with pytest.raises(UserError, match=r"nothing\.tflite"):
        Client("http://127.0.0.1:1", protector=tmp_path / "nothing.tflite")
    with pytest.raises(UserError, match=r"protector\.tflite"):
        Client("http://127.0.0.1:1", protector=tmp_path)
    with pytest.raises(UserError, match=r"nothing\.tflite does not exist"):
        Client("http://127.0.0.1:1", protector=f"{tmp_path}/nothing.tflite")


@pytest.mark.parametrize("name", ["tanaka:1234", "OWN:negative"])
def test_a_protector_goes_by_any_of_its_names(serve, tmp_path, name):
    (tmp_path / "own.py").write_text("def negative(images):\n    return 255 - images\n")
    name = name.replace("OWN", f"{tmp_path}/own.py")
    server, images = serve(), photographs(2, height=16, width=16)
    Client(server.url, protector=name).classify(images)
    np.testing.assert_array_equal(server.sent_images(), load_protector(name).protect(images))


def test_needs_numpy_pillow_and_litert_only(serve, tmp_path):
    """Everything else that the project installs is hidden from the interpreter."""
    from tfppdnn.protector.litert import LiteRTScheme

    models = Path(__file__).parent.parent / "export/conformance/vector/models"
    protector = models / "protector.tflite"
    images = photographs(2, height=16, width=16)
    saved = tmp_path / "images.npy"
    np.save(saved, images)
    server = serve()
    script = """
        import sys

        HIDDEN = {"tensorflow", "keras", "keras_cv", "tensorflow_datasets", "tensorflow_serving",
                  "skimage", "sklearn", "scipy", "matplotlib", "jinja2", "fire", "tensorboard",
                  "grpc", "fastapi", "starlette", "uvicorn", "httpx", "requests", "pydantic",
                  "prometheus_client"}

        class Hider:
            def find_spec(self, name, path=None, target=None):
                if name.partition(".")[0] in HIDDEN:
                    raise ImportError(f"{name} is hidden")

        sys.meta_path.insert(0, Hider())
        import numpy as np
        from tfppdnn.client import Client
        from tfppdnn.errors import UserError

        _, url, protector, images = sys.argv
        for answer in Client(url, protector=protector).classify(np.load(images)):
            print(answer.label)
        try:
            Client("grpc://127.0.0.1:8500", protector=protector)
        except UserError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script), server.url, protector, saved],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *labels, grpc_error = done.stdout.splitlines()
    assert set(labels) <= set(CLASSES) and len(labels) == 2
    assert "pip install grpcio" in grpc_error
    np.testing.assert_array_equal(server.sent_images(), LiteRTScheme(protector).protect(images))
