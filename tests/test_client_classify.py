"""A client's answers, and that nothing but protected pixels leaves for them."""

import base64
import io
import json
import socket
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from client_samples import (
    CLASSES,
    client_of,
    error,
    expected,
    photographs,
    pngs_of,
    predictions,
)
from PIL import Image

from tfppdnn.client import Answer, Client
from tfppdnn.client.retry import Retry
from tfppdnn.errors import UserError


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
    paths = tmp_path / "one.png", str(tmp_path / "one.png")
    picture = Image.fromarray(image)
    for one in (image, image[np.newaxis], *paths, picture, [picture], tf.constant(image)):
        assert [answer.label for answer in client.classify(one)] == [expected(image)[0]]
    assert client.classify([]) == []


@pytest.mark.parametrize(
    ("images", "said"),
    [
        ([5], "image 0: images must be a uint8 array or tensor"),
        (
            [np.zeros((2, 8, 8, 3), np.uint8)],
            r"image 0: an array of \[2, 8, 8, 3\]; give \[H, W, 3",
        ),
    ],
)
def test_what_is_no_image_is_said_in_words(serve, images, said):
    with pytest.raises(UserError, match=said):
        client_of(serve()).classify(images)


def test_a_picture_that_cannot_be_taken_does_not_stop_the_others(serve):
    good, deep = photographs(1)[0], Image.new("F", (8, 8))
    outcomes = list(client_of(serve()).outcomes([deep, good, 5]))
    assert [isinstance(one, UserError) for one in outcomes] == [True, False, True]
    assert str(outcomes[0]).startswith("image 0: the picture holds numbers of 32 bits")


@pytest.mark.parametrize(
    ("url", "settings", "said"),
    [
        (8501, {}, "8501 is no address"),
        ("http://localhost", {"model": 5}, "model must be the name of a classifier, not 5"),
        ("http://localhost", {"model": "a\ud800"}, "model must be the name of a classifier"),
        ("http://localhost", {"protector": None}, "None"),
    ],
)
def test_arguments_that_cannot_be_are_said_in_words(url, settings, said):
    with pytest.raises(UserError, match=said):
        Client(url, **{"protector": lambda images: 255 - images, **settings})


def test_a_protector_may_be_a_function(serve):
    (image,) = photographs()
    server = serve()
    client = Client(getattr(server, "url", server), protector=lambda images: 255 - images)
    assert [answer.label for answer in client.classify(image)] == [expected(image)[0]]


def test_a_request_is_sent_once_at_least():
    with pytest.raises(UserError, match="attempts=0: a request has to be sent once or more"):
        Retry(attempts=0)


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


@pytest.mark.parametrize(
    "content",
    [
        b"<html>",
        b"{}",
        b'{"predictions": []}',
        b'{"predictions": [[0.1, 0.9]]}',
        b'{"predictions": [{"probabilities": [2, 0], "class_id": 0, "label": "cat"}]}',
        b'{"predictions": [{"probabilities": [1%s], "class_id": 0, "label": "cat"}]}'
        % (b"0" * 400),
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
