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
import tensorflow as tf
from serving_samples import (
    CLIENT,
    NAMES,
    OUTPUTS,
    b64,
    export_tiny_classifier,
    noise,
    png,
    running,
    url,
)

from tfppdnn.errors import UserError
from tfppdnn.serving import Server, ServerSettings
from tfppdnn.serving.web import CONTENT_SECURITY_POLICY

IMAGES = noise(3)
FILES = [png(image) for image in IMAGES]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    export_tiny_classifier(path / "classifier")
    return path


@pytest.fixture(scope="module")
def server(run):
    with running(run, labels={"stable": 1, "gone": 7}) as server:
        yield server


@pytest.fixture(scope="module")
def expected(run):
    """What the SavedModel itself answers, as JSON has it."""
    model = tf.saved_model.load(str(run / "classifier"))
    answers = model.signatures["serving_default"](image=tf.constant(IMAGES))
    return {
        "probabilities": answers["probabilities"].numpy(),
        "class_id": answers["class_id"].numpy().tolist(),
        "label": [label.decode() for label in answers["label"].numpy()],
    }


def assert_columns(columns, expected):
    assert columns.keys() == OUTPUTS
    # The very same float32, so the answer has digits enough.
    np.testing.assert_array_equal(
        np.array(columns["probabilities"], np.float32), expected["probabilities"]
    )
    assert columns["class_id"] == expected["class_id"]
    assert columns["label"] == expected["label"]


def assert_rows(rows, expected):
    assert all(row.keys() == OUTPUTS for row in rows)
    assert_columns({name: [row[name] for row in rows] for name in OUTPUTS}, expected)


def test_row_form(server, expected):
    answer = CLIENT.post(url(server, ":predict"), json={"instances": IMAGES.tolist()})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json().keys() == {"predictions"}
    assert_rows(answer.json()["predictions"], expected)


def test_column_form(server, expected):
    answer = CLIENT.post(url(server, ":predict"), json={"inputs": IMAGES.tolist()})
    assert answer.status_code == 200
    assert answer.json().keys() == {"outputs"}
    assert_columns(answer.json()["outputs"], expected)


@pytest.mark.parametrize(
    "inputs",
    [
        {"instances": [b64(file) for file in FILES]},
        {"instances": [{"image_bytes": b64(file)} for file in FILES]},
        {"inputs": [b64(file) for file in FILES]},
        {"inputs": {"image_bytes": [b64(file) for file in FILES]}},
    ],
)
def test_encoded_images_in_every_form(server, expected, inputs):
    answer = CLIENT.post(url(server, ":predict"), json={"signature_name": "encoded", **inputs})
    if "instances" in inputs:
        assert_rows(answer.json()["predictions"], expected)
    else:
        assert_columns(answer.json()["outputs"], expected)


@pytest.mark.parametrize("inputs", [{"instances": [{"image": IMAGES[0].tolist()}]}])
def test_named_pixels(server, expected, inputs):
    answer = CLIENT.post(url(server, ":predict"), json=inputs).json()
    assert answer["predictions"][0]["class_id"] == expected["class_id"][0]


@pytest.mark.parametrize("part", ["/versions/1", "/labels/stable"])
def test_versions_and_labels(server, expected, part):
    answer = CLIENT.post(url(server, f"{part}:predict"), json={"instances": IMAGES.tolist()})
    assert_rows(answer.json()["predictions"], expected)
    assert CLIENT.get(url(server, part)).json() == CLIENT.get(url(server)).json()
    assert CLIENT.get(url(server, f"{part}/metadata")).json() == (
        CLIENT.get(url(server, "/metadata")).json()
    )


def test_status_is_the_documented_one(server):
    answer = CLIENT.get(url(server))
    assert answer.status_code == 200
    assert answer.json() == {
        "model_version_status": [
            {
                "version": "1",
                "state": "AVAILABLE",
                "status": {"error_code": "OK", "error_message": ""},
            }
        ]
    }


def test_metadata_is_the_documented_one(server):
    answer = CLIENT.get(url(server, "/metadata")).json()
    assert answer.keys() == {"model_spec", "metadata"}
    assert answer["model_spec"] == {"name": "classifier", "signature_name": "", "version": "1"}
    assert answer["metadata"].keys() == {"signature_def"}
    signatures = answer["metadata"]["signature_def"]["signature_def"]
    assert signatures.keys() >= {"serving_default", "encoded"}

    signature = signatures["serving_default"]
    assert signature["method_name"] == "tensorflow/serving/predict"
    assert signature["inputs"]["image"] == {
        "dtype": "DT_UINT8",
        "tensor_shape": {
            "dim": [{"size": size, "name": ""} for size in ("-1", "-1", "-1", "3")],
            "unknown_rank": False,
        },
        "name": "serving_default_image:0",
    }
    assert signature["outputs"].keys() == OUTPUTS
    probabilities = signature["outputs"]["probabilities"]
    assert probabilities["dtype"] == "DT_FLOAT"
    assert [dim["size"] for dim in probabilities["tensor_shape"]["dim"]] == ["-1", "3"]
    encoded = signatures["encoded"]["inputs"]["image_bytes"]
    assert encoded["dtype"] == "DT_STRING"
    assert encoded["tensor_shape"]["dim"] == [{"size": "-1", "name": ""}]


@pytest.mark.parametrize(
    ("method", "path", "status", "error"),
    [
        ("POST", "models/other:predict", 404, "Servable not found for request: Latest(other)"),
        (
            "POST",
            "models/classifier/versions/9:predict",
            404,
            "Servable not found for request: Specific(classifier, 9)",
        ),
        (
            "POST",
            "models/classifier/labels/canary:predict",
            400,
            "Unrecognized servable version label: canary",
        ),
        (
            "POST",
            "models/classifier/labels/gone:predict",
            404,
            "Servable not found for request: Specific(classifier, 7)",
        ),
        ("GET", "models/other", 404, "Could not find any versions of model other"),
        (
            "GET",
            "models/classifier/versions/9",
            404,
            "Could not find version 9 of model classifier",
        ),
        ("GET", "models", 400, "Missing model name in request."),
        ("GET", "nothing", 400, "Malformed request: GET /v1/nothing"),
        ("POST", "models", 400, "Malformed request: POST /v1/models"),
        (
            "GET",
            "models/classifier:predict",
            404,
            "Could not find any versions of model classifier:predict",
        ),
        (
            "POST",
            f"models/classifier/versions/{2**63}:predict",
            400,
            f"Failed to convert version: {2**63} to numeric.",
        ),
    ],
)
def test_errors_about_addresses(server, method, path, status, error):
    answer = CLIENT.request(method, f"http://{server.rest_address}/v1/{path}")
    assert answer.json() == {"error": error}
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ("", "JSON Parse error: The document is empty"),
        ("instances = [1, 2]", "JSON Parse error: Invalid value. at offset: 0"),
        ("{}", "Missing 'inputs' or 'instances' key"),
        ('{"instances": 1}', "Excepting 'instances' to be an list/array"),
        ('{"instances": []}', "No values in 'instances' array"),
        ('{"instances": [1], "inputs": [1]}', "one of 'inputs' or 'instances' keys"),
        ('{"signature_name": 100}', "'signature_name' key must be a string"),
        ('{"signature_name": "x", "instances": [1]}', 'name: "x" not found in signature def'),
        ('{"inputs": {"picture": [1]}}', "Missing named input: image in 'inputs' object."),
        ('{"instances": [{"picture": 1}]}', "keys must be equal to: image"),
        ('{"instances": [[1], {"image": 1}]}', "but got object at item 1 of input list"),
    ],
)
def test_errors_about_bodies(server, body, error):
    answer = CLIENT.post(url(server, ":predict"), content=body)
    assert answer.status_code == 400
    assert answer.json().keys() == {"error"}
    assert error in answer.json()["error"]


@pytest.mark.parametrize("verb", ["classify", "regress"])
def test_methods_for_examples_are_not_implemented(server, verb):
    answer = CLIENT.post(url(server, f":{verb}"), json={"examples": []})
    assert answer.status_code == 501
    assert answer.json().keys() == {"error"}


def test_a_signature_without_images_of_the_model(server):
    """The empty batch, which only the column form can say."""
    answer = CLIENT.post(
        url(server, ":predict"),
        json={"signature_name": "encoded", "inputs": {"image_bytes": []}},
    )
    assert answer.json() == {"outputs": {"probabilities": [], "class_id": [], "label": []}}


def test_metrics_count_requests_and_images(run):
    with running(run) as server:
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


def test_images_that_the_gate_does_not_know_are_refused_and_forgotten(run, tmp_path, capfd):
    seen = []

    def dark(images):
        seen.append((images.shape, images.dtype))
        return images.mean(axis=(1, 2, 3)) < 100

    dark_image, bright_image = np.full((8, 8, 3), 7, np.uint8), np.full((6, 5, 3), 213, np.uint8)
    with running(run, gate=dark) as server:

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
        assert "does not look protected" in answer.json()["error"]
    assert ((1, 6, 5, 3), np.uint8) in seen
    assert server.metrics.figures()["requests_refused"] == {"FAILED_PRECONDITION": 2}
    said = capfd.readouterr()
    assert not said.out + said.err
    assert [path.name for path in run.iterdir()] == ["classifier"]


def test_stopping_answers_what_has_come(run):
    arrived, go_on = threading.Event(), threading.Event()

    def slow_gate(images):
        arrived.set()
        assert go_on.wait(30)
        return np.ones(len(images), bool)

    answers = []
    with running(run, gate=slow_gate) as server:
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


def test_the_command_serves_until_it_is_told_to_stop(run):
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "tfppdnn", "serve", str(run), "--rest_port=0", "--grpc_port=0"]
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


def test_a_taken_port_is_named(run, server):
    port = int(server.rest_address.split(":")[1])
    with pytest.raises(UserError, match=f"--rest_port={port} "):
        Server(run, settings=ServerSettings(rest_port=port))
    port = int(server.grpc_address.split(":")[1])
    with pytest.raises(UserError, match=f"--grpc_port={port} "), running(run, grpc_port=port):
        pass


@pytest.mark.parametrize("host", ["nowhere.invalid", "192.0.2.1"])
def test_a_host_that_is_not_this_machine_is_named(run, host):
    with pytest.raises(UserError, match=f"--host={host} is no address of this machine"):
        Server(run, settings=ServerSettings(host=host, rest_port=0))


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


def test_the_browser_client_comes_with_its_types_and_policy(run, tmp_path):
    root = tmp_path / "web"
    (root / "wasm").mkdir(parents=True)
    (root / "index.html").write_text("<title>page</title>")
    (root / "wasm" / "lite.wasm").write_bytes(b"\0asm")
    (root / "page.mjs").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "protector_web.tflite").write_bytes(b"TFL3")
    with running(run, web=(root, tmp_path / "protector_web.tflite")) as server:
        base = f"http://{server.rest_address}"
        answers = {
            path: CLIENT.get(base + path)
            for path in ("/", "/page.mjs", "/wasm/lite.wasm", "/protector_web.tflite")
        }
        outside = CLIENT.get(base + "/%2e%2e/secret.txt")
        status = CLIENT.get(url(server))
    types = {path: answer.headers["content-type"] for path, answer in answers.items()}
    assert types == {
        "/": "text/html; charset=utf-8",
        "/page.mjs": "text/javascript; charset=utf-8",
        "/wasm/lite.wasm": "application/wasm",
        "/protector_web.tflite": "application/octet-stream",
    }
    assert answers["/protector_web.tflite"].content == b"TFL3"
    for answer in answers.values():
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert outside.status_code == 404
    assert status.status_code == 200


def test_class_names_arrive_in_their_letters(server):
    labels = {
        row["label"]
        for seed in range(6)
        for row in CLIENT.post(
            url(server, ":predict"), json={"instances": noise(8, seed=seed).tolist()}
        ).json()["predictions"]
    }
    assert labels <= set(NAMES)
