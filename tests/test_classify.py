import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from tfppdnn.data.digits import load_digits


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
