"""A server from its start to its stop: what it listens on, counts, refuses and finishes."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import httpx
import numpy as np
import pytest
from serving_samples import (
    CLIENT,
    b64,
    noise,
    png,
    running,
    url,
)

from tfppdnn.errors import UserError
from tfppdnn.serving import Server, ServerSettings
from tfppdnn.serving.settings import make_server_settings

IMAGES = noise(3)


def test_metrics_count_requests_and_images(served_run):
    with running(served_run) as server:
        CLIENT.post(url(server, ":predict"), json={"instances": IMAGES.tolist()})
        CLIENT.post(url(server, ":predict"), json={})
        page = CLIENT.get(f"http://{server.rest_address}/metrics").text
    counted = 'tfppdnn_requests_total{code="%s",method="predict",protocol="rest"} 1.0'
    assert counted % "OK" in page
    assert counted % "INVALID_ARGUMENT" in page
    assert "tfppdnn_batch_images_sum 3.0" in page
    assert server.metrics.figures() == {
        "requests_served": 1,
        "requests_refused": {"INVALID_ARGUMENT": 1},
        "images": 3,
        "batches": 1,
    }


def test_images_that_the_gate_does_not_know_are_refused_and_forgotten(served_run, tmp_path, capfd):
    seen = []

    def dark(images):
        seen.append((images.shape, images.dtype))
        return images.mean(axis=(1, 2, 3)) < 100

    dark_image, bright_image = np.full((8, 8, 3), 7, np.uint8), np.full((6, 5, 3), 213, np.uint8)
    with running(served_run, gate=dark) as server:

        def answer_to(**request):
            return CLIENT.post(url(server, ":predict"), json=request)

        taken = answer_to(instances=[dark_image.tolist()])
        refused = answer_to(instances=[bright_image.tolist()])
        files = [b64(png(image)) for image in (dark_image, bright_image)]
        refused_files = answer_to(signature_name="encoded", instances=files)
        taken_file = answer_to(signature_name="encoded", instances=files[:1])
    assert (taken.status_code, taken_file.status_code) == (200, 200)
    for answer in (refused, refused_files):
        assert answer.status_code == 422
        assert "of the size 5x6 does not look protected" in answer.json()["error"]
    assert ((1, 6, 5, 3), np.uint8) in seen
    assert server.metrics.figures()["requests_refused"] == {"FAILED_PRECONDITION": 2}
    said = capfd.readouterr()
    assert not said.out + said.err
    assert [path.name for path in served_run.iterdir()] == ["classifier"]


def test_stopping_answers_what_has_come(served_run):
    arrived, go_on = threading.Event(), threading.Event()

    def slow_gate(images):
        arrived.set()
        assert go_on.wait(30)
        return np.ones(len(images), bool)

    answers = []
    with running(served_run, gate=slow_gate) as server:
        address = url(server, ":predict")
        client = threading.Thread(
            target=lambda: answers.append(CLIENT.post(address, json={"inputs": IMAGES.tolist()}))
        )
        client.start()
        assert arrived.wait(30)
        server.stop()
        go_on.set()
    client.join(30)
    assert answers[0].status_code == 200
    with pytest.raises(httpx.ConnectError):
        CLIENT.get(address)


@pytest.mark.slow
def test_the_command_serves_until_it_is_told_to_stop(served_run):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [
        sys.executable,
        "-m",
        "tfppdnn",
        "serve",
        str(served_run),
        "--rest_port=0",
        "--grpc_port=0",
    ]
    with subprocess.Popen(
        [*command, "--name=mine"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        said = []
        for line in process.stderr:
            said.append(line)
            if line.startswith("ready"):
                break
        hint = next(line for line in said if "curl " in line)
        status = CLIENT.get(hint.split("curl ")[1].strip())
        process.send_signal(signal.SIGTERM)
        figures = process.stdout.read()
        assert process.wait(30) == 0
    assert status.json()["model_version_status"][0]["state"] == "AVAILABLE"
    assert "mine" in hint
    assert "gRPC     127.0.0.1:" in "".join(said)
    assert json.loads(figures)["requests_served"] == 0


def test_once_ready_python_looks_no_more_through_what_is_loaded(served_run):
    script = """
import gc, sys
from tfppdnn.serving.settings import ServerSettings
from tfppdnn.serving.start import serve
def ready(server):
    print(len(gc.get_objects()), gc.get_freeze_count())
    server.stop()
serve(sys.argv[1], settings=ServerSettings(rest_port=0, grpc_port=0), on_ready=ready)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, served_run], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    looked_at, loaded = map(int, done.stdout.split())
    assert looked_at < loaded / 100


def test_a_taken_port_is_named(served_run):
    with running(served_run) as server:
        port = int(server.rest_address.split(":")[1])
        with pytest.raises(UserError, match=f"--rest_port={port} "):
            Server(served_run, settings=ServerSettings(rest_port=port))
        port = int(server.grpc_address.split(":")[1])
        other = running(served_run, grpc_port=port)
        with pytest.raises(UserError, match=f"--grpc_port={port} "), other:
            pass


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--name=a/b", "--name=a/b: a name has no slash and no colon"),
        ("--host=", "--host= is empty, as from a shell variable that is not set"),
        ("--rest_port=65536", "--rest_port=65536: must be from 0 to 65535"),
        ("--grpc_port=x", "--grpc_port=x: expected a whole number"),
        ("--hosts=a.example,b:80", "--hosts=a.example,b:80: write names without ports"),
        ("--labels=stable=1,canary", "--labels=stable=1,canary: write labels as stable=1"),
        ("--max_batch_size=1.5", "--max_batch_size=1.5: expected a whole number"),
        ("--batch_timeout_ms=-1", "--batch_timeout_ms=-1: must be from 0 to 10000"),
        ("--max_request_bytes=100", "--max_request_bytes=100: must be from 1024 to 1073741824"),
        ("--web=page", "--web takes no value"),
        ("--refuse_plain", "holds no gate"),
    ],
)
def test_a_wrong_option_is_named(served_run, call, option, said):
    code, _, error = call("serve", served_run, option)
    assert code == 2
    assert error.startswith("tfppdnn serve: ") and said in error
    assert error.count("\n") == 1


def test_options_become_settings():
    options = {"hosts": "a.example,gate", "labels": "stable=1,canary=12", "max_queued": 3}
    settings = make_server_settings(options)
    assert settings.hosts == ("a.example", "gate")
    assert settings.labels == {"stable": 1, "canary": 12}
    assert (settings.max_queued, settings.max_batch_size) == (3, 64)
    with pytest.raises(UserError, match=r"--max_queue: .* did you mean --max_queued\?"):
        make_server_settings({"max_queue": 3})


def test_a_server_pauses_between_two_looks_for_versions():
    with pytest.raises(UserError, match=r"--poll_seconds=0: must be from 0\.01 to 86400"):
        make_server_settings({"poll_seconds": 0})


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_named(served_run, host):
    with pytest.raises(UserError, match=f"--host={host} is no address of this machine"):
        Server(served_run, settings=ServerSettings(host=host, rest_port=0))


@pytest.mark.parametrize(
    ("content", "mend"),
    [({}, "name a run folder"), ({"config.json": "{}"}, "tfppdnn classify")],
)
def test_a_folder_without_a_classifier_is_refused(tmp_path, content, mend):
    for name, text in content.items():
        (tmp_path / name).write_text(text)
    with pytest.raises(UserError, match=mend):
        Server(tmp_path)


def test_a_damaged_classifier_is_refused(tmp_path):
    (tmp_path / "classifier").mkdir()
    (tmp_path / "classifier" / "saved_model.pb").write_bytes(b"damaged")
    with pytest.raises(UserError, match="cannot be loaded"):
        Server(tmp_path)
