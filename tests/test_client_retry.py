"""What a client does about servers that are busy, silent, gone or no servers at all."""

import socket
import threading

import pytest
from client_samples import Waits, client_of, error, photographs, predictions

from tfppdnn.client.retry import Retry
from tfppdnn.errors import UserError


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
