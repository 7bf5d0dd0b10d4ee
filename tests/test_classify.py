import json
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from tfppdnn import fit_classifier
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.timing import seconds_of


@pytest.fixture(scope="module")
def classified(classified_run):
    """The tiny run with both classifiers, and what `classify` printed."""
    return classified_run, *json.loads((classified_run / "printed.json").read_text())


def test_both_accuracies_are_printed(classified):
    run, first, both = classified
    assert "accuracy_plain" not in first
    assert both["accuracy_protected"] == first["accuracy_protected"]
    assert both["test_images"] == 60
    recorded = json.loads((run / "metrics.json").read_text())["classify"]
    assert recorded["plain"]["test_accuracy"] == both["accuracy_plain"]


def test_the_saved_classifier_is_as_accurate_as_was_printed(classified):
    import tensorflow as tf

    from tfppdnn import load_protector

    run, figures, _ = classified
    digits = load_digits()
    protected = load_protector(run / "protector", trust=True).protect(digits.test_images[:60])
    classifier = tf.saved_model.load(str(run / "classifier"))
    answer = classifier.signatures["serving_default"](image=tf.constant(protected))
    labels = np.array([label.decode() for label in answer["label"].numpy()], int)
    accuracy = np.mean(labels == digits.test_labels[:60])
    assert accuracy == pytest.approx(figures["accuracy_protected"])


def test_again_does_nothing(classified, tmp_path):
    from tfppdnn.cli.classify import classify

    shared, _, both = classified
    run = shutil.copytree(shared, tmp_path / "run")
    both = {**both, "run": str(run)}
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


@pytest.mark.slow
def test_a_cipher_needs_no_run(tiny, classified):
    from tfppdnn.cli.classify import classify

    figures, code = classify(protector="tanaka:7", **tiny)
    assert (code, figures["run"]) == (0, "runs/classify-tanaka-7-digits-quick")
    run = Path(figures["run"])
    config = json.loads((run / "config.json").read_text())
    assert config["protector"] == "tanaka key 7"
    assert (config["dataset"]["name"], config["preset"], config["seed"]) == ("digits", "quick", 0)
    assert (run / "classifier/saved_model.pb").exists()
    protected = json.loads((run / "metrics.json").read_text())["classify"]["protected"]

    # Its classifier is that of plain pictures behind what belongs to the scheme.
    plain = json.loads((classified[0] / "metrics.json").read_text())["classify"]["plain"]
    adaptation = 48 * 256 + 4 * 256 + 9 * (16 - 3) * 4
    assert protected["parameters"] == plain["parameters"] + adaptation

    with pytest.raises(UserError, match="protector: tanaka key 7 there, tanaka key 8 now"):
        classify(protector="tanaka:8", out=str(run), **tiny)


@pytest.mark.long
def test_the_comparison_of_a_cipher_lies_beside_it(tiny):
    from tfppdnn.cli.classify import classify

    first, _ = classify(plain=True, protector="tanaka:7", **tiny)
    assert "accuracy_protected" not in first
    both, _ = classify(protector="tanaka:7", **tiny)
    assert both["run"] == first["run"] == "runs/classify-tanaka-7-digits-quick"
    assert both["accuracy_plain"] == first["accuracy_plain"]
    metrics = json.loads(Path(both["run"], "metrics.json").read_text())["classify"]
    assert metrics["protected"]["parameters"] > metrics["plain"]["parameters"]


@pytest.mark.slow
def test_plain_images_need_no_protector(tiny):
    from tfppdnn.cli.classify import classify

    figures, _ = classify(plain=True, **tiny)
    assert figures["run"] == "runs/classify-plain-digits-quick"
    assert "accuracy_protected" not in figures
    assert classify(protector="plain", **tiny)[0] == figures


@pytest.mark.slow
def test_a_protector_that_fails_in_the_middle_of_training_gets_its_line(tiny):
    from tfppdnn.cli.classify import classify

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
        "classifier_network": "resnet18",
        "classifier_augment": True,
        "image_size": 32,
        "classifier_width": 0.0625,
        "classifier_epochs": 1,
        "classifier_batch_size": 256,
        "classifier_learning_rate": settings["classifier_learning_rate"],
        "classifier_schedule": "steps",
        "steps_per_round": 2,
        "test_images": 60,
        "augment_flip": True,
        "mixed_precision": False,
    }


def test_a_size_that_a_cipher_does_not_keep_is_named():
    images = np.random.default_rng(0).integers(0, 256, (20, 33, 33, 3), np.uint8)
    with pytest.raises(UserError, match=r"tanaka: .*height and width are multiples of 4"):
        fit_classifier("tanaka", (images, np.arange(20) % 2), settings={"image_size": 33})


def test_keys_that_differ_do_so_however_batches_are_made():
    from tfppdnn import load_protector

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

    from tfppdnn.classification.protected_batches import protected_batches

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


def test_it_is_kept_what_each_training_took(classified):
    run, _, _ = classified
    page = (run / "report.html").read_text()
    for kind in ("protected", "plain"):
        took = seconds_of(run / "logs")[f"classifier on {kind} images"]
        assert took["cpu"] > 0
        assert f"Classifier on {kind} images</th>" in page


@pytest.mark.parametrize("options", [[], ["--dataset=digits"]])
def test_figures_on_digits_that_nobody_asked_for_say_so(tiny, call, monkeypatch, options):
    def stop(*arguments, **settings):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.classification.fit.train_classifier", stop)
    code, _, errors = call("classify", "--protector=cifar10", *options)
    assert code == 130
    said = "classify: on digits; name other pictures with --dataset" in errors.splitlines()
    assert said == (not options)


def test_its_help_names_every_preset_and_what_hardened_means():
    from tfppdnn.cli.classify import classify
    from tfppdnn.settings import PRESETS, make_settings

    (named,) = (line for line in classify.__doc__.splitlines() if "preset: " in line)
    assert all(preset in named for preset in PRESETS)
    assert make_settings("cpu").classifier == make_settings("hardened").classifier


@pytest.mark.slow
def test_noise_is_drawn_once_for_each_picture_and_not_for_every_epoch():
    from tfppdnn import Protector, fit_classifier

    class Noisy:
        """Counts how often it was given each picture."""

        def __init__(self, draws):
            self.draws_noise, self.given = draws, Counter()

        def protect(self, images):
            self.given.update(image.tobytes() for image in images)
            return np.random.default_rng().integers(0, 256, images.shape, np.uint8)

    small = {"classifier_width": 0.0625, "classifier_epochs": 2, "test_images": 20}
    for noisy in (Noisy(True), Noisy(False)):
        fit_classifier(Protector.of(noisy, name="noisy"), "digits", settings=small)
        counts = [noisy.given[image.tobytes()] for image in load_digits().train_images]
        assert (set(counts) == {1}) == noisy.draws_noise
