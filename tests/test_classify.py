import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tfppdnn.data.digits import load_digits
from tfppdnn.errors import UserError


@pytest.fixture(scope="module")
def classified(tiny_run, tmp_path_factory):
    """A copy of the tiny run with both classifiers, and what `classify` printed."""
    from tfppdnn.verbs.classify import classify

    run = tmp_path_factory.mktemp("classified") / "run"
    shutil.copytree(tiny_run, run)
    first, _ = classify(protector=str(run))
    both, _ = classify(protector=str(run), plain=True)
    return run, first, both


def test_both_accuracies_are_printed(classified):
    run, first, both = classified
    assert "accuracy_plain" not in first
    assert both["accuracy_protected"] == first["accuracy_protected"]
    assert both["test_images"] == 60
    recorded = json.loads((run / "metrics.json").read_text())["classify"]
    assert recorded["plain"]["test_accuracy"] == both["accuracy_plain"]


def test_the_saved_classifier_keeps_the_contract_without_tfppdnn(classified):
    run, figures, _ = classified
    script = """
import sys
sys.modules["tfppdnn"] = None  # Importing it fails.
import numpy as np, tensorflow as tf
images = np.load(sys.argv[2])
model = tf.saved_model.load(sys.argv[1])
answer = model.signatures["serving_default"](image=images)
assert answer["probabilities"].dtype == tf.float32 and answer["class_id"].dtype == tf.int64
np.testing.assert_allclose(answer["probabilities"].numpy().sum(axis=1), 1, atol=1e-5)
print(*(label.decode() for label in answer["label"].numpy()))
"""
    from tfppdnn import load_protector

    digits = load_digits()
    protected = load_protector(run / "protector").protect(digits.test_images[:60])
    np.save(run / "protected.npy", protected)
    done = subprocess.run(
        [sys.executable, "-c", script, run / "classifier", run / "protected.npy"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    labels = np.array(done.stdout.split(), int)
    accuracy = np.mean(labels == digits.test_labels[:60])
    assert accuracy == pytest.approx(figures["accuracy_protected"])


def test_again_does_nothing(classified):
    from tfppdnn.verbs.classify import classify

    run, _, both = classified
    before = (run / "classifier/saved_model.pb").stat().st_mtime_ns
    assert classify(protector=str(run))[0] == both
    assert (run / "classifier/saved_model.pb").stat().st_mtime_ns == before


def test_another_dataset_needs_a_folder_of_its_own(tiny_run, call):
    code, _, error = call("classify", f"--protector={tiny_run}", "--dataset=cifar10")
    assert code == 2
    assert "--out=DIR" in error


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Options that make training short, in an empty working directory."""
    monkeypatch.chdir(tmp_path)
    return {"classifier_width": 0.0625, "classifier_epochs": 1, "test_images": 60}


def test_a_cipher_needs_no_run(tiny):
    from tfppdnn.verbs.classify import classify

    figures, code = classify(protector="tanaka:7", **tiny)
    assert (code, figures["run"]) == (0, "runs/classify-tanaka-7-digits-quick")
    run = Path(figures["run"])
    config = json.loads((run / "config.json").read_text())
    assert config["protector"] == "tanaka key 7"
    assert (config["dataset"]["name"], config["preset"], config["seed"]) == ("digits", "quick", 0)
    assert (run / "classifier/saved_model.pb").exists()
    protected = json.loads((run / "metrics.json").read_text())["classify"]["protected"]

    # Its comparison is the same classifier without what belongs to the scheme.
    both, _ = classify(protector="tanaka:7", plain=True, **tiny)
    assert both["accuracy_protected"] == figures["accuracy_protected"]
    plain = json.loads((run / "metrics.json").read_text())["classify"]["plain"]
    adaptation = 48 * 256 + 4 * 256 + 9 * (16 - 3) * 4
    assert protected["parameters"] == plain["parameters"] + adaptation

    with pytest.raises(UserError, match="protector: tanaka key 7 there, tanaka key 8 now"):
        classify(protector="tanaka:8", out=str(run), **tiny)


def test_plain_images_need_no_protector(tiny):
    from tfppdnn.verbs.classify import classify

    figures, _ = classify(plain=True, **tiny)
    assert figures["run"] == "runs/classify-plain-digits-quick"
    assert "accuracy_protected" not in figures
    assert classify(protector="plain", **tiny)[0] == figures


def test_a_protector_that_fails_in_the_middle_of_training_gets_its_line(tiny):
    from tfppdnn.verbs.classify import classify

    Path("own.py").write_text("""
calls = 0

def protect(images):
    global calls
    calls += 1
    return images if calls < 12 else images[:, ::2]
""")
    with pytest.raises(UserError, match=r"^own\.py:protect: image 0 of shape 1x32x32x3 becomes"):
        classify(protector="own.py:protect", out="failed", **tiny)


def test_the_defaults_of_a_run_are_its_own(classified):
    run, _, _ = classified
    settings = json.loads((run / "checkpoints/classifier_protected/settings.json").read_text())
    # Folders of earlier releases are accepted by these very names.
    assert settings == {
        "seed": 0,
        "classifier_width": 0.0625,
        "classifier_epochs": 1,
        "classifier_batch_size": 256,
        "classifier_learning_rate": settings["classifier_learning_rate"],
        "steps_per_round": 2,
        "test_images": 60,
        "augment_flip": True,
        "mixed_precision": False,
    }


def test_keys_that_differ_do_so_however_batches_are_made():
    from tfppdnn.loading import load_protector

    images = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    protect = load_protector("pixel_different").protect
    # A key belongs to an image, not to its place: a resumed training repeats it exactly ...
    np.testing.assert_array_equal(protect(images)[::-1], protect(images[::-1]))
    # ... and a crop that is one pixel further has another one.
    black = np.zeros((2, 32, 32, 3), np.uint8)
    black[0, 5, 5] = black[1, 5, 6] = 200
    masks = protect(black) > 127
    assert 0.45 < (masks[0] != masks[1]).mean() < 0.55


def test_batches_are_protected_after_augmentation_and_rounded():
    import tensorflow as tf

    from tfppdnn.training.protected_batches import protected_batches

    images = np.random.default_rng(0).random((8, 32, 32, 3), np.float32)
    labels = np.arange(8)
    plain = tf.data.Dataset.from_tensor_slices((images, labels)).batch(4)
    seen = []

    def negative(pixels):
        seen.append(pixels.dtype)
        return 255 - pixels

    batches = list(protected_batches(plain, negative))
    assert seen == [np.uint8, np.uint8]
    expected = (255 - np.round(images * 255)) / 255
    np.testing.assert_allclose(np.concatenate([x for x, _ in batches]), expected, atol=1e-6)
    np.testing.assert_array_equal(np.concatenate([y for _, y in batches]), labels)


def test_the_report_shows_both(classified):
    run, _, _ = classified
    page = (run / "report.html").read_text()
    assert "ResNet-18 trained and tested on protected images" in page
    assert "ResNet-18 trained and tested on plain images" in page


@pytest.mark.parametrize("options", [[], ["--dataset=digits"]])
def test_figures_on_digits_that_nobody_asked_for_say_so(tiny, call, monkeypatch, options):
    def stop(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.verbs.classify.train_classifier", stop)
    code, _, errors = call("classify", "--protector=cifar10", *options)
    assert code == 130
    said = "classify: on digits; name other pictures with --dataset" in errors.splitlines()
    assert said == (not options)


def test_its_help_names_every_preset_and_what_hardened_means():
    from tfppdnn.presets import make_preset
    from tfppdnn.presets.training import PRESETS
    from tfppdnn.verbs.classifier_training import SETTINGS
    from tfppdnn.verbs.classify import classify

    (named,) = (line for line in classify.__doc__.splitlines() if "preset: " in line)
    assert all(preset in named for preset in PRESETS)
    cpu, hardened = make_preset("cpu"), make_preset("hardened")
    assert all(getattr(hardened, name) == getattr(cpu, name) for name in SETTINGS)
