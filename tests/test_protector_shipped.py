"""Protectors that come with the package, and Keras files, as sources of a protector."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from PIL import Image

from tfppdnn.cli import main
from tfppdnn.errors import UserError
from tfppdnn.protector import Protector, load_protector, shipped

IMAGES = np.random.default_rng(0).integers(0, 256, (3, 40, 32, 3), np.uint8)


@pytest.fixture
def folder(tiny_run, tmp_path, monkeypatch):
    """A package that ships the tiny run as `cifar10`: the folder of its protectors."""
    folder = tmp_path / "shipped"
    (folder / "cifar10").mkdir(parents=True)
    shutil.copy(tiny_run / "protector_fp16.tflite", folder / "cifar10")
    shutil.copy(tiny_run / "checkpoints/protector.keras", folder / "cifar10")
    (folder / "cifar10/CARD.md").write_text("# cifar10\n")
    monkeypatch.setattr(shipped, "SHIPPED", folder)
    return folder


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(IMAGES[0]).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def differ(one, other):
    return np.abs(one.astype(int) - other).max()


def test_a_shipped_protector_does_what_its_run_does(folder, tiny_run):
    expected = load_protector(tiny_run).protect(IMAGES)
    network = folder / "cifar10/protector.keras"
    for protector in (load_protector("cifar10"), load_protector(network)):
        assert differ(protector.protect(IMAGES), expected) <= 1
        assert differ(protector.protect(IMAGES[0]), expected[0]) <= 1
        assert protector.protect(IMAGES[:0]).shape == (0, 40, 32, 3)


def test_it_is_told_apart_by_its_files(folder):
    before = Protector.named("cifar10").identity
    (folder / "cifar10/CARD.md").write_text("# A word set right\n")
    assert Protector.named("cifar10").identity == before
    with (folder / "cifar10/protector.keras").open("ab") as file:
        file.write(b"x")
    assert Protector.named("cifar10").identity != before


def test_a_name_is_a_name_and_a_path_is_a_path(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("cifar10").mkdir()
    assert Protector.named("cifar10").title == "cifar10"
    for path in ("./cifar10", Path("cifar10")):
        with pytest.raises(UserError, match=r"^cifar10 holds neither|^\./cifar10 holds neither"):
            load_protector(path)


def test_a_second_one_needs_no_code_and_an_unknown_one_lists_both(folder):
    shutil.copytree(folder / "cifar10", folder / "faces")
    (folder / "unfinished").mkdir()
    assert shipped.shipped_names() == ["cifar10", "faces"]
    assert load_protector("faces").protect(IMAGES).shape == IMAGES.shape
    with pytest.raises(UserError, match=r"a shipped protector \(cifar10, faces\), a run folder"):
        load_protector("face")


def test_whoever_owns_a_protector_can_differentiate_it(folder, tiny_run):
    file = tiny_run / "checkpoints/protector.keras"
    images = IMAGES[:, :32] / np.float32(255)
    expected = keras.models.load_model(file, compile=False)(images)
    for name in ("cifar10", tiny_run, file):
        made = Protector.named(name).differentiable(images)
        np.testing.assert_array_equal(made, expected)
    for name in ("tanaka", "plain", tiny_run / "protector", tiny_run / "protector.tflite"):
        assert Protector.named(name).differentiable is None


def test_the_shipped_one_is_used_if_none_is_named(folder, photo, tmp_path, call):
    code, figures, said = call("protect", photo, tmp_path / "out")
    assert (code, figures["protected"], figures["protector"]) == (0, 1, "cifar10")
    (line,) = [line for line in said.splitlines() if "ships with" in line]
    assert line.startswith("protecting with cifar10")
    assert str(folder / "cifar10/CARD.md") in line
    with Image.open(tmp_path / "out/photo.png") as protected:
        expected = load_protector("cifar10").protect(IMAGES[0])
        np.testing.assert_array_equal(np.asarray(protected), expected)
    # It is said only where it was not asked for.
    assert "ships with" not in call("protect", photo, tmp_path, "--protector=cifar10")[2]


def test_without_one_a_protector_must_be_named(photo, tmp_path, call, monkeypatch):
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path / "none")
    code, _, said = call("protect", photo, tmp_path / "out")
    assert (code, said.count("\n")) == (2, 1)
    assert "--protector is missing; pass --protector=RUN" in said


def test_protecting_with_it_needs_neither_tensorflow_nor_a_network(folder, photo, tmp_path):
    script = """
import pathlib, socket, sys
for name in "tensorflow", "keras", "sklearn", "matplotlib", "jax":
    sys.modules[name] = None  # Importing it fails.
socket.socket.connect = None
from tfppdnn.protector import shipped
shipped.SHIPPED = pathlib.Path(sys.argv.pop())
from tfppdnn.cli import main
sys.exit(main(sys.argv[1:]))
"""
    command = [sys.executable, "-c", script, "protect", photo, tmp_path / "out", folder]
    done = subprocess.run(command, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out/photo.png").is_file()


@pytest.mark.parametrize("verb", ["export", "serve"])
def test_what_needs_a_run_folder_says_so(folder, tmp_path, call, monkeypatch, verb):
    monkeypatch.chdir(tmp_path)
    code, _, said = call(verb, "cifar10")
    assert (code, said.count("\n")) == (2, 1)
    assert "run folder" in said


def network(outputs_of, *shape):
    image = keras.Input(shape or (None, None, 3))
    return keras.Model(image, outputs_of(image))


def test_a_keras_file_of_ones_own(tmp_path):
    for name, shape in {"any": (), "fixed": (40, 32, 3)}.items():
        network(lambda x: 1.0 - x, *shape).save(tmp_path / f"{name}.keras")
        protector = load_protector(tmp_path / f"{name}.keras")
        np.testing.assert_array_equal(protector.protect(IMAGES), 255 - IMAGES)
        with pytest.raises(ValueError, match="uint8"):
            protector.protect(IMAGES / 255)
    assert (
        Protector.named(tmp_path / "any.keras").identity
        != Protector.named(tmp_path / "fixed.keras").identity
    )


@pytest.mark.parametrize(
    ("outputs_of", "channels", "reason"),
    [
        (lambda x: x * 2.0, 3, r"its values go from 0 to 2"),
        (lambda x: x[:, ::2], 3, r"turns float32 \[1, 32, 32, 3\] into float32 \[1, 16, 32, 3\]"),
        (keras.layers.GlobalAveragePooling2D(), 3, r"into float32 \[1, 3\]"),
        (lambda x: x / 0.0, 3, "its values go from nan to nan"),
        (keras.layers.Conv2D(1, 1), 1, "it does not run on an image"),
    ],
)
def test_a_keras_file_of_something_else_gets_one_line(tmp_path, outputs_of, channels, reason):
    file = tmp_path / "own.keras"
    network(outputs_of, None, None, channels).save(file)
    with pytest.raises(UserError, match=reason) as caught:
        load_protector(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_torn_keras_file_gets_one_line(tmp_path, tiny_run):
    content = (tiny_run / "checkpoints/protector.keras").read_bytes()
    file = tmp_path / "torn.keras"
    for torn in (content[:-200], b"these are not the weights", b""):
        file.write_bytes(torn)
        with pytest.raises(UserError, match="cannot be loaded as a Keras file") as caught:
            load_protector(file)
        assert str(file) in str(caught.value)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("verb", ["protect", "classify", "audit", "table1", "client"])
def test_help_names_every_one(verb, capsys):
    assert main([verb, "--help"]) == 0
    shown = capsys.readouterr().out
    for name in {shipped.DEFAULT, *shipped.shipped_names()}:
        assert re.search(rf"shipped\s+protector\s+\([^)]*\b{name}\b", shown), name
