import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfppdnn import load_protector

EXAMPLES = Path(__file__).parent.parent / "examples"


def test_protect_on_device_equals_the_library(tiny_run, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    example = runpy.run_path(str(EXAMPLES / "protect_on_device.py"))
    model = tiny_run / "protector.tflite"
    example["main"](str(model), str(tmp_path / "photo.png"), str(tmp_path / "out.png"))
    with Image.open(tmp_path / "out.png") as protected:
        np.testing.assert_array_equal(np.asarray(protected), load_protector(model).protect(pixels))


def test_protect_on_device_lays_pictures_on_white_and_writes_png(tiny_run, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 4), np.uint8)
    pixels[:16, :, 3], pixels[16:, :, 3] = 0, 255
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    example = runpy.run_path(str(EXAMPLES / "protect_on_device.py"))
    model = tiny_run / "protector.tflite"
    example["main"](str(model), str(tmp_path / "photo.png"), str(tmp_path / "out.jpg"))
    seen = pixels[..., :3].copy()
    seen[:16] = 255
    with Image.open(tmp_path / "out.jpg") as protected:
        assert protected.format == "PNG"
        np.testing.assert_array_equal(np.asarray(protected), load_protector(model).protect(seen))
    assert not list(tmp_path.glob("*.part"))


@pytest.mark.slow
def test_on_a_device_noise_comes_from_the_system(private, tmp_path, monkeypatch):
    Image.new("RGB", (32, 32)).save(tmp_path / "photo.png")
    example = runpy.run_path(str(EXAMPLES / "protect_on_device.py"))
    made = []
    for seed in (0, 1, 1):
        monkeypatch.setattr("os.urandom", np.random.default_rng(seed).bytes)
        out = tmp_path / "out.png"
        example["main"](str(private / "protector.tflite"), str(tmp_path / "photo.png"), str(out))
        made.append(out.read_bytes())
    assert made[0] != made[1] == made[2]


def test_protect_on_device_needs_litert_only(tiny_run, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "photo.png")
    script = (
        "import runpy, sys\n"
        "sys.modules.update(dict.fromkeys(['tensorflow', 'keras', 'tfppdnn']))\n"
        "runpy.run_path(sys.argv[1])['main'](*sys.argv[2:])"
    )
    arguments = [tiny_run / "protector.tflite", tmp_path / "photo.png", tmp_path / "out.png"]
    command = [sys.executable, "-c", script, EXAMPLES / "protect_on_device.py", *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.png").is_file()


@pytest.mark.long
def test_an_idea_and_an_attack_of_ones_own_are_audited(tmp_path, capfd):
    example = runpy.run_path(str(EXAMPLES / "audit_your_own.py"))
    example["main"](tmp_path)
    mosaic, mixture = capfd.readouterr().out.split("secret_mixture\n")
    assert "unmix: " in mosaic
    # What looks like noise gives everything away to who may have pictures of his own mixed.
    assert "the protector itself: The pictures come back: unmix" in mixture
    assert (tmp_path / "audit-secret_mixture" / "report.html").is_file()


@pytest.mark.long
def test_the_papers_objective_is_trained_with_fit_and_saved(tmp_path, monkeypatch):
    import keras

    file = tmp_path / "model.keras"
    monkeypatch.setattr(sys, "argv", ["paper_objective.py", "1", str(file)])
    trained = runpy.run_path(str(EXAMPLES / "paper_objective.py"))
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    loaded = keras.models.load_model(file)
    np.testing.assert_array_equal(loaded(images), trained["model"](images))
