"""A tiny classifier, a server for it, and images, which the tests of serving share."""

import base64
import contextlib
import io
import json

import httpx
import keras
import numpy as np
from PIL import Image

from tfppdnn.exporting.classifier import export_classifier
from tfppdnn.serving import Server, ServerSettings, in_background

NAMES = ["cat", "dög", "ship"]
OUTPUTS = {"probabilities", "class_id", "label"}
# One for all: making a client takes longer than a request. There are no certificates here.
CLIENT = httpx.Client(timeout=30, verify=False)


def export_tiny_classifier(directory, *, seed=0):
    """Writes a classifier of 8x8 images whose answers depend on all of the image."""
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 3)),
            keras.layers.Conv2D(2, 3, kernel_initializer="random_normal"),
            keras.layers.Flatten(),
            keras.layers.Dense(3, kernel_initializer="random_normal"),
        ]
    )
    export_classifier(model, NAMES, directory, image_size=8)
    return directory


def noise(count, height=8, width=8, *, seed=0):
    """Returns uint8 [count, height, width, 3]."""
    return np.random.default_rng(seed).integers(0, 256, (count, height, width, 3), np.uint8)


PICTURE = noise(1)[0]


def png(image):
    """Returns the bytes of a PNG file."""
    encoded = io.BytesIO()
    Image.fromarray(image).save(encoded, "PNG")
    return encoded.getvalue()


def b64(content):
    """Returns bytes as TensorFlow Serving's JSON has them."""
    return {"b64": base64.b64encode(content).decode()}


@contextlib.contextmanager
def running(path, *, gate=None, web=None, **settings):
    """Yields a server on free ports."""
    settings = ServerSettings(**{"rest_port": 0, "grpc_port": 0, "poll_seconds": 3600, **settings})
    with in_background(Server(path, settings=settings, gate=gate, web=web)) as server:
        yield server


def url(server, rest=""):
    """Returns the address of the model, or of something below it."""
    return f"http://{server.rest_address}/v1/models/{server.settings.name}{rest}"


def encoded(*files):
    """Returns the body of a request for files."""
    return json.dumps({"signature_name": "encoded", "instances": [*map(b64, files)]})


def assert_serves(server):
    answer = CLIENT.post(url(server, ":predict"), json={"instances": [PICTURE.tolist()]})
    assert answer.status_code == 200


def assert_refused(server, body, *, status=400):
    answer = CLIENT.post(url(server, ":predict"), content=body)
    assert answer.status_code == status, answer.text
    assert answer.json().keys() == {"error"}
    for inside in ("Traceback", "{{", "/tfppdnn/", "node"):
        assert inside not in answer.text
    assert_serves(server)
    return answer.json()["error"]
