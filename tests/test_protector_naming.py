import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from skimage.filters import gaussian
from skimage.measure import block_reduce

from tfppdnn import Protector, load_protector
from tfppdnn.ciphers import CIPHERS, make_cipher
from tfppdnn.errors import UserError

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 8, 12, 3), np.uint8)

OWN = """
from __future__ import annotations
import dataclasses

def negative(images):
    return 255 - images

def same_size_not(images):
    return images[:, ::2]

@dataclasses.dataclass
class Shift:
    by: int = 1
    def protect(self, images):
        return images + self.by % 256

shift = Shift()
number = 3
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "own.py"
    path.write_text(OWN)
    return path


@pytest.mark.parametrize("name", CIPHERS)
def test_ciphers_go_by_name_and_key(name):
    for key in (0, 1234):
        expected = make_cipher(name, key=key).protect(IMAGES)
        np.testing.assert_array_equal(load_protector(f"{name}:{key}").protect(IMAGES), expected)
    assert (
        Protector.named(name).identity == Protector.named(f"{name}:0").identity == f"{name} key 0"
    )
    assert Protector.named(f"{name}:1234").identity == f"{name} key 1234"


def test_plain_images_stay_plain():
    np.testing.assert_array_equal(load_protector("plain").protect(IMAGES), IMAGES)
    assert Protector.named("plain").identity == "plain"


@pytest.mark.parametrize(("name", "sigma"), [("blur", 2), ("blur:1", 1)])
def test_blur_is_a_gaussian(name, sigma):
    def expected(image):
        return gaussian(image / 255, sigma, mode="reflect", channel_axis=-1, truncate=4) * 255

    protector = load_protector(name)
    blurred = np.array([expected(image) for image in IMAGES])
    assert np.abs(protector.protect(IMAGES) - blurred).max() < 0.501
    np.testing.assert_array_equal(protector.protect(IMAGES)[0], protector.protect(IMAGES[0]))
    assert Protector.named(name).identity == f"blur sigma {sigma}"


@pytest.mark.parametrize(("name", "side"), [("pixelate", 4), ("pixelate:2", 2)])
def test_pixelate_gives_means_of_squares(name, side):
    protector = load_protector(name)
    means = block_reduce(IMAGES, (1, side, side, 1), np.mean)
    squares = np.kron(means, np.ones((1, side, side, 1)))
    assert np.abs(protector.protect(IMAGES) - squares).max() <= 0.5
    np.testing.assert_array_equal(protector.protect(IMAGES)[0], protector.protect(IMAGES[0]))
    assert Protector.named(name).identity == f"pixelate side {side}"


def test_pixelate_cuts_squares_at_the_border():
    protected = load_protector("pixelate:5").protect(IMAGES)
    corner = IMAGES[:, 5:, 10:].mean(axis=(1, 2), keepdims=True)
    assert np.abs(protected[:, 5:, 10:] - corner).max() <= 0.5


def test_python_code_goes_by_file_or_module(own, monkeypatch):
    monkeypatch.syspath_prepend(own.parent)
    for place in (own, "own"):
        function, thing = load_protector(f"{place}:negative"), load_protector(f"{place}:shift")
        np.testing.assert_array_equal(function.protect(IMAGES), 255 - IMAGES)
        np.testing.assert_array_equal(function.protect(IMAGES[0]), 255 - IMAGES[0])
        np.testing.assert_array_equal(thing.protect(IMAGES), IMAGES + np.uint8(1))
    digest = hashlib.sha256(own.read_bytes()).hexdigest()[:16]
    assert Protector.named(f"{own}:negative").identity == f"own.py:negative {digest}"
    assert Protector.named("own:negative").identity == f"own:negative {digest}"
    own.write_text(OWN + "\n# changed\n")
    assert digest not in Protector.named(f"{own}:negative").identity


def test_python_code_is_checked(own):
    with pytest.raises(UserError, match=r"own\.py:same_size_not: image 0 "):
        load_protector(f"{own}:same_size_not").protect(IMAGES)


def test_a_name_is_a_name_and_a_path_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("tanaka").mkdir()
    assert Protector.named("tanaka").identity == "tanaka key 0"
    for path in ("./tanaka", Path("tanaka"), tmp_path / "tanaka"):
        with pytest.raises(UserError, match=r"holds neither protector\.tflite"):
            load_protector(path)


def test_trained_protectors_are_told_apart_by_their_files(tiny_run, tmp_path):
    tflite = tiny_run / "protector.tflite"
    digest = hashlib.sha256(tflite.read_bytes()).hexdigest()[:16]
    # Folders of finished classifiers are found by it.
    assert {Protector.named(name).identity for name in (tiny_run, str(tflite))} == {digest}
    copy = shutil.copytree(tiny_run / "protector", tmp_path / "copy")
    assert (
        Protector.named(copy).identity == Protector.named(tiny_run / "protector").identity != digest
    )
    with (copy / "variables/variables.index").open("ab") as file:
        file.write(b"x")
    assert Protector.named(copy).identity != Protector.named(tiny_run / "protector").identity


def test_a_run_is_the_same_protector_in_every_form(tiny_run):
    images = np.random.default_rng(1).integers(0, 256, (3, 32, 32, 3), np.uint8)
    protected = load_protector(tiny_run).protect(images)
    for form in ("protector.tflite", "protector", "checkpoints/protector.keras"):
        made = load_protector(tiny_run / form, trust=True).protect(images)
        assert np.abs(made.astype(int) - protected).max() <= 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "tanka",
            r"tanka does not exist; .*run folder.*tanaka, pixel_same.*blur.*file\.py:name",
        ),
        ("runs/none", "does not exist"),
        ("tanaka:", "whole number after the colon"),
        ("tanaka:-1", "whole number after the colon, without a sign"),
        ("tanka", r"did you mean tanaka\? Or"),
        ("cifar", r"did you mean cifar10\?"),
        ("tanaka:secret", "whole number after the colon"),
        pytest.param("tanaka:" + "9" * 1_001, "of at most 1,000 digits", id="a key of pages"),
        ("plain:1", "plain has no strength"),
        ("lable:runs/a", r"did you mean label\?"),
        ("blur:0", "whole number from 1"),
        ("no.such.module:name", r"cannot be imported \(ModuleNotFoundError"),
        ("missing.py:name", r"there is no file missing\.py; name one that is there"),
        ("OWN:missing", "is not there; name a function"),
        ("OWN:number", "is of type int; name a function"),
        ("OWN:Shift", "is of type type; name a function"),
    ],
)
def test_names_that_mean_nothing_get_one_line(own, name, reason):
    name = name.replace("OWN", str(own))
    with pytest.raises(UserError, match=reason) as caught:
        load_protector(name)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["", None, 5])
def test_what_is_no_name_is_refused(name):
    with pytest.raises(UserError, match=f"^{name!r} is no name of a protector; name a shipped"):
        Protector.from_preset(name)


def test_the_class_itself_takes_no_name():
    with pytest.raises(UserError, match=r"Protector\('cifar10'\): .*Protector.from_preset"):
        Protector("cifar10")


def test_an_image_without_pixels_is_told_so():
    with pytest.raises(
        ValueError, match=r"images must be a pixel or more on each side, not \[0, 5, 3\]"
    ):
        load_protector("tanaka").protect(np.zeros((0, 5, 3), np.uint8))


def test_code_that_fails_or_leaves_when_imported_gets_one_line(tmp_path):
    for line, reason in [
        ("1 / 0", "ZeroDivisionError"),
        ("exit(3)", "SystemExit"),
        ("(", "Syntax"),
    ]:
        path = tmp_path / f"{reason}.py"
        path.write_text(line)
        with pytest.raises(UserError, match=f"cannot be imported .{reason}"):
            load_protector(f"{path}:protect")


def test_ciphers_and_baselines_need_no_tensorflow():
    script = """
import sys
sys.modules["tensorflow"] = sys.modules["keras"] = None  # Importing them fails.
import numpy as np
from tfppdnn import Protector, load_protector
for name in "tanaka", "pixel_same", "pixel_different", "ele", "etc", "plain", "blur", "pixelate":
    load_protector(name).protect(np.zeros((2, 8, 8, 3), np.uint8)), Protector.named(name).identity
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.returncode == 0, done.stderr
