"""Bodies that are no request, and files that are no image, are refused; the next is answered."""

import base64
import io
import json
import socket
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from serving_samples import (
    CLIENT,
    PICTURE,
    assert_refused,
    assert_serves,
    encoded,
    noise,
    png,
    running,
    url,
)

from tfppdnn.serving import json_format

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


@pytest.mark.parametrize("kind", ["JPEG", "MPO"])
def test_a_jpeg_of_endless_scans(server, kind):
    """Each scan is thirty bytes, and a walk through the whole image for the decoder."""
    file, picture = io.BytesIO(), Image.new("L", (400, 400))
    several = {"save_all": True, "append_images": [picture]} if kind == "MPO" else {}
    picture.save(file, kind, progressive=True, **several)
    content = file.getvalue()
    assert CLIENT.post(url(server, ":predict"), content=encoded(content)).status_code == 200
    end = content.index(b"\xff\xd9")
    last_scan = content[content.rindex(b"\xff\xda", 0, end) : end]
    assert len(last_scan) < 40
    bomb = content[:end] + 100 * last_scan + content[end:]
    assert Image.open(io.BytesIO(bomb), formats=("JPEG", "PNG")).format == kind
    assert "scans" in assert_refused(server, encoded(bomb))


def chunk(name, content=b""):
    checksum = zlib.crc32(name + content)
    return len(content).to_bytes(4, "big") + name + content + checksum.to_bytes(4, "big")


@pytest.mark.parametrize("place", [33, -12], ids=["before the pixels", "behind them"])
@pytest.mark.parametrize("pieces", [101 * [b"tEXt"], 20_001 * [b"IDAT"]], ids=["text", "pixels"])
def test_a_png_of_endless_chunks(server, place, pieces):
    """Each may unfold to a megabyte, wherever it stands."""
    file = png(PICTURE)
    file = file[:place] + b"".join(map(chunk, pieces)) + file[place:]
    assert "more chunks" in assert_refused(server, encoded(file))


@pytest.mark.parametrize("piece", [b"[],", b"[0],", b"[[]],", b"{},", b'{"a":[]},'])
def test_a_body_of_endless_lists_is_refused_before_it_is_parsed(server, piece, monkeypatch):
    count = (LARGEST - 100) // len(piece)
    body = b'{"instances": [' + piece * count + b"0]}"
    with monkeypatch.context() as patched:
        patched.setattr(json_format.json, "loads", lambda _: pytest.fail("it was parsed"))
        answer = CLIENT.post(url(server, ":predict"), content=body)
    assert answer.status_code == 400
    assert "more lists or objects than pictures do" in answer.json()["error"]
    assert_serves(server)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (90, 1), (1, 90), (7, 5), (100, 100)])
def test_pictures_of_every_shape_are_no_such_body(server, height, width):
    body = json.dumps({"instances": noise(8, height, width).tolist()}, separators=(",", ":"))
    assert CLIENT.post(url(server, ":predict"), content=body).status_code == 200


def test_a_body_of_two_lengths_is_refused(server):
    head = (
        f"POST /v1/models/{server.settings.name}:predict HTTP/1.1\r\n"
        f"Host: {server.rest_address}\r\n"
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    )
    host, port = server.rest_address.rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=SECONDS) as connection:
        connection.sendall(head.encode())
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]
    assert_serves(server)


def test_a_body_that_is_too_large_is_told_what_allows_more(server):
    said = assert_refused(server, b" " * (LARGEST + 1), status=413)
    assert "--max_request_bytes" in said


@pytest.mark.parametrize("digits", ["0" * 4_400, "0" * 4_400 + "1", "9" * 4_400])
def test_a_version_of_endless_digits(server, digits):
    answer = CLIENT.get(url(server, f"/versions/{digits}"))
    assert answer.status_code in (200, 400, 404)


def test_too_many_images(server):
    assert "Task size 65" in assert_refused(server, encoded(*[png(PICTURE)] * 65))


def test_it_still_answers_correctly(server, served_run):
    """After all of the above, and with the very answer of before."""
    body = {"instances": noise(2).tolist()}
    answer = CLIENT.post(url(server, ":predict"), json=body).json()["predictions"]
    with running(served_run) as fresh:
        assert CLIENT.post(url(fresh, ":predict"), json=body).json()["predictions"] == answer
    assert np.isfinite([row["probabilities"] for row in answer]).all()
