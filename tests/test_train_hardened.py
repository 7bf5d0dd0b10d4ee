"""`train --objective=hardened`: a whole run, on the first stages of another."""

import json

import numpy as np
import pytest

from tfppdnn import Protector, load_protector
from tfppdnn.datasets.digits import load_digits

# A whole run; its objective by itself is tested in test_hardened.py.
pytestmark = pytest.mark.slow

FORMS = [
    "protector.tflite",
    "protector_fp16.tflite",
    "protector_int8.tflite",
    "protector",
    "checkpoints/protector.keras",
]


@pytest.fixture(scope="module")
def hardened_run(tiny_run, tiny_settings, tmp_path_factory):
    from tfppdnn.cli import main

    out = tmp_path_factory.mktemp("runs") / "hardened"
    code = [f"--reuse={tiny_run}", "--code_size=3", "--code_levels=2", "--decoder_width=4"]
    others = ("--perceptual_weights", "--objective")  # Of the paper's objective.
    same = [option for option in tiny_settings if not option.startswith(others)]
    call = ["train", "--objective=hardened", f"--out={out}", *same, *code]
    assert main(call) == 0
    return out


def metrics_of(run):
    return json.loads((run / "metrics.json").read_text())


def test_it_leaves_every_file(hardened_run):
    names = {path.name for path in hardened_run.iterdir()}
    assert names >= {
        "protector",
        "protector.tflite",
        "protector_fp16.tflite",
        "protector_int8.tflite",
        "protector_web.tflite",
        "reference_classifier",
        "gate",
        "report.html",
    }


def test_no_more_pictures_than_the_bits_allow(hardened_run):
    metrics = metrics_of(hardened_run)
    assert metrics["transformation_network"]["most_bits_a_protected_image_holds"] == 3
    assert 1 < metrics["protector"]["different_protected"] <= 2**3


def test_whoever_has_the_network_knows_the_bits(hardened_run):
    assert Protector.named(hardened_run).bits == 3
    assert Protector.named(hardened_run / "protector.tflite").bits is None


@pytest.mark.parametrize("file", FORMS)
def test_no_form_of_it_lets_more_through(hardened_run, file):
    digits = load_digits().test_images[:60]
    protected = load_protector(hardened_run / file, trust=True).protect(digits)
    assert 1 < len({picture.tobytes() for picture in protected}) <= 2**3
    assert protected.shape == digits.shape


def test_photographs_of_any_size_are_protected(hardened_run):
    image = np.random.default_rng(0).integers(0, 256, (50, 71, 3), np.uint8)
    assert load_protector(hardened_run).protect(image).shape == image.shape


def test_its_losses_are_recorded_and_finite(hardened_run):
    (*_, last) = metrics_of(hardened_run)["transformation_network"]["history"]
    assert {"restored", "features", "classification", "adversarial", "discriminator"} <= last.keys()
    assert np.isfinite(list(last.values())).all()


def test_the_report_says_which_objective_it_was(hardened_run):
    text = (hardened_run / "report.html").read_text()
    assert "Objective of the transformation network" in text
    assert "Resolutions of both U-Nets" not in text
    assert "<dd>bottleneck, " in text and "at most 8 different protected" in text
    assert "more often than 1 time in 125,000" in text
    assert "made every picture recognisable again" not in text
