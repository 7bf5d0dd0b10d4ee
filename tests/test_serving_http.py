"""What is no HTTP, too large, too slow or a trick of the path is refused."""

import contextlib
import http.client
import json
import socket

import pytest
from serving_samples import assert_refused, assert_serves, running

SECONDS = 30

LARGEST = 2**20
pytestmark = pytest.mark.usefixtures("nothing_is_said")


@pytest.fixture(scope="module")
def server(served_run):
    with running(served_run, max_request_bytes=LARGEST) as server:
        yield server


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


def test_slow_senders_are_hung_up_on(served_run):
    post = b"POST /v1/models/classifier:predict HTTP/1.1\r\nHost: localhost\r\n"
    whole = b"GET /v1/models/classifier HTTP/1.1\r\nHost: localhost\r\n\r\n"
    beginnings = {
        "nothing": b"",
        "half a head": post + b"Content-",
        "half a body": post + b"Content-Length: 9\r\n\r\n{",
        "half a second head": whole + b"GET /v1/mod",
    }
    said = dict.fromkeys(beginnings, b"")
    with running(served_run, sender_timeout=3) as server, contextlib.ExitStack() as stack:
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
