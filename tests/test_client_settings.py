"""Where a client sends, by whose certificate, with which protector: what is refused, and why."""

import logging
import shlex
import shutil
import ssl
import subprocess

import numpy as np
import pytest
from client_samples import Negative, Server, Waits, client_of, error, photographs

from tfppdnn import load_protector
from tfppdnn.client import Client
from tfppdnn.errors import UserError


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
