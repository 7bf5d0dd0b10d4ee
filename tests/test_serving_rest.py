"""The REST interface answers as TensorFlow Serving's documentation says."""

import numpy as np
import pytest
import tensorflow as tf
from serving_samples import CLIENT, NAMES, OUTPUTS, b64, noise, png, running, url

from tfppdnn.serving.served_model import load_model

IMAGES = noise(3)
FILES = [png(image) for image in IMAGES]


@pytest.fixture(scope="module")
def server(served_run):
    with running(served_run, labels={"stable": 1, "gone": 7}) as server:
        yield server


@pytest.fixture(scope="module")
def expected(served_run):
    """What the classifier itself answers, as JSON has it."""
    answers = load_model(served_run / "classifier").run("serving_default", IMAGES)
    model = tf.saved_model.load(str(served_run / "classifier"))
    by_tensorflow = model.signatures["serving_default"](image=tf.constant(IMAGES))
    np.testing.assert_allclose(
        answers["probabilities"], by_tensorflow["probabilities"], rtol=0, atol=1e-6
    )
    return {
        "probabilities": answers["probabilities"],
        "class_id": answers["class_id"].tolist(),
        "label": [label.decode() for label in answers["label"]],
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


def test_class_names_arrive_in_their_letters(server):
    labels = {
        row["label"]
        for seed in range(6)
        for row in CLIENT.post(
            url(server, ":predict"), json={"instances": noise(8, seed=seed).tolist()}
        ).json()["predictions"]
    }
    assert labels <= set(NAMES)
