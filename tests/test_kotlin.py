"""The class for Android does more than answer the vector; see kotlin_port.py for what runs it."""

import json
import shutil

import numpy as np
import pytest
from conformance_samples import VECTOR
from kotlin_port import run_port
from PIL import Image

pytestmark = pytest.mark.slow


def test_the_test_for_the_device_passes(kotlin_classes, tmp_path):
    (tmp_path / "conformance").symlink_to(VECTOR)
    run_port(kotlin_classes, "test", assets=tmp_path)


@pytest.mark.parametrize("model", ["protector", "protector_int8"])
def test_the_test_for_the_device_names_a_picture_that_differs(kotlin_classes, tmp_path, model):
    shutil.copytree(VECTOR, tmp_path / "conformance")
    picture = tmp_path / f"conformance/expected/{model}/65x96.png"
    pixels = np.asarray(Image.open(picture))
    Image.fromarray(255 - pixels).save(picture)
    with pytest.raises(AssertionError, match=f"expected/{model}/65x96.png"):
        run_port(kotlin_classes, "test", assets=tmp_path)


def test_every_picture_is_given_noise_of_its_own(kotlin_classes, private, tmp_path):
    vector = private / "conformance"
    model, picture = vector / "models/protector.tflite", vector / "images/32x32.png"
    refused = run_port(kotlin_classes, "draw", model, picture, tmp_path).splitlines()
    drawn = [np.asarray(Image.open(file).convert("RGB")) for file in tmp_path.glob("*.png")]
    assert len(drawn) == 20
    assert len({one.tobytes() for one in drawn}) > 3  # Of 16 words.
    (size,) = {len(one.get("noise", ())) for one in _cases(vector)}
    assert refused == [
        "three bytes a pixel, not 11",
        "the image has no pixels",
        f"the file takes {size} random numbers",
        "the noise is 0 throughout",
    ]


def _cases(vector):
    return json.loads((vector / "manifest.json").read_text())["cases"]
