"""Bodies that are no request, and files that are no image, are refused; the next is answered."""

import base64
import io
import json
import struct

import numpy as np
import pytest
from PIL import Image
from serving_samples import (
    CLIENT,
    PICTURE,
    assert_refused,
    encoded,
    noise,
    png,
    running,
    url,
)

SECONDS = 30

LARGEST = 2**20
pytestmark = pytest.mark.usefixtures("nothing_is_said")


@pytest.fixture(scope="module")
def server(served_run):
    with running(served_run, max_request_bytes=LARGEST) as server:
        yield server


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


def test_it_still_answers_correctly(server, served_run):
    """After all of the above, and with the very answer of before."""
    body = {"instances": noise(2).tolist()}
    answer = CLIENT.post(url(server, ":predict"), json=body).json()["predictions"]
    with running(served_run) as fresh:
        assert CLIENT.post(url(fresh, ":predict"), json=body).json()["predictions"] == answer
    assert np.isfinite([row["probabilities"] for row in answer]).all()
