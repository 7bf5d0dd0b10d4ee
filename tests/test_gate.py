"""The gate knows h_p's images from plain ones, whatever their size."""

import io
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf
from exporting_samples import photographs
from PIL import Image

from tfppdnn import load_protector
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.gate import load_gate, make_gate, scores
from tfppdnn.gate.gate import Gate
from tfppdnn.gate.scores import patch_scores
from tfppdnn.images.decoys import DECOYS, other_scales
from tfppdnn.images.resizing import resize_square
from tfppdnn.models.patchgan import patchgan
from tfppdnn.protection.exports import export_gate
from tfppdnn.protection.transformation_network import protected_discriminator
from tfppdnn.protector.keras_file import load_network
from tfppdnn.protector.shipped import SHIPPED
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import recorded


@pytest.fixture(scope="module")
def gate(tiny_run):
    return load_gate(tiny_run)


@pytest.fixture(scope="module")
def digits():
    return load_digits().test_images[:40]


@pytest.fixture(scope="module")
def protected(tiny_run, digits):
    return load_protector(tiny_run).protect(digits)


def png(image):
    file = io.BytesIO()
    Image.fromarray(image).save(file, "PNG")
    return file.getvalue()


def test_protected_images_pass_and_plain_ones_do_not(gate, digits, protected):
    assert gate(protected).dtype == bool
    assert gate(protected).mean() >= 0.95
    assert gate(digits).mean() <= 0.05
    assert gate(255 - digits).mean() <= 0.05


def test_each_image_is_judged_by_itself(gate, digits, protected):
    mixed = np.stack([digits[0], protected[0], protected[1], digits[1]])
    assert gate(mixed).tolist() == [False, True, True, False]
    assert gate(mixed[1:2]).tolist() == [True]
    assert gate(mixed[:0]).tolist() == []


@pytest.mark.parametrize("size", [(1, 1), (5, 40), (31, 33), (64, 64), (65, 200), (129, 70)])
def test_images_of_any_size_are_judged(tiny_run, gate, digits, size):
    """Larger images are of the same digits, side by side."""
    height, width = size
    row = np.tile(np.concatenate(list(digits[:7]), axis=1), (5, 1, 1))
    plain = row[np.newaxis, :height, :width]
    assert not gate(plain).any()
    if min(size) > 30:
        assert gate(load_protector(tiny_run).protect(plain)).all()


def test_files_are_judged_as_their_pixels(tiny_run, digits, protected):
    judge = tf.saved_model.load(str(tiny_run / "gate")).signatures["encoded"]
    larger = np.tile(digits[0], (2, 3, 1))
    files = [png(digits[0]), png(protected[0]), png(larger)]
    answers = judge(image_bytes=tf.constant(files))
    assert answers["looks_protected"].numpy().tolist() == [False, True, False]
    assert judge(image_bytes=tf.constant([], tf.string))["score"].shape == (0,)


@pytest.mark.parametrize(
    "images", [np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((1, 0, 8, 3), "u1")]
)
def test_arrays_that_are_no_images_are_refused(gate, images):
    with pytest.raises(ValueError, match="images must"):
        gate(images)


def test_a_folder_that_is_no_gate_is_refused(tiny_run, tmp_path):
    with pytest.raises(UserError, match="protector is not a gate; make it again"):
        Gate(tiny_run / "protector")
    (tmp_path / "saved_model.pb").write_bytes(b"no")
    with pytest.raises(UserError, match=r"cannot be loaded as a SavedModel .* make the gate again"):
        Gate(tmp_path)


@pytest.mark.slow
def test_it_loads_without_the_package(tiny_run, digits, protected, tmp_path):
    np.savez(tmp_path / "images.npz", digits=digits, protected=protected)
    script = (
        "import sys, numpy as np, tensorflow as tf\n"
        "sys.modules.update(dict.fromkeys(['tfppdnn', 'keras']))\n"
        "gate = tf.saved_model.load(sys.argv[1])\n"
        "judge = gate.signatures['serving_default']\n"
        "images = np.load(sys.argv[2])\n"
        "for name in ('protected', 'digits'):\n"
        "    answer = judge(image=tf.constant(images[name]))\n"
        "    assert answer['score'].dtype == tf.float32\n"
        "    assert answer['looks_protected'].dtype == tf.bool\n"
        "    print(answer['looks_protected'].numpy().mean(), answer['score'].numpy().mean())\n"
    )
    command = [sys.executable, "-c", script, tiny_run / "gate", tmp_path / "images.npz"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    of_protected, of_plain = (line.split() for line in done.stdout.strip().splitlines())
    assert float(of_protected[0]) >= 0.95 and float(of_plain[0]) <= 0.05
    assert float(of_protected[1]) > float(of_plain[1])


def test_its_errors_are_recorded_and_reported(tiny_run, gate):
    figures = json.loads((tiny_run / "metrics.json").read_text())["gate"]
    # 60 test images: 30 set the threshold, the other 30 were counted.
    counted = load_digits().test_images[1:60:2]
    assert figures["images"] == 30
    assert figures["plain_let_through"] == pytest.approx(gate(counted).mean())
    protected = load_protector(tiny_run / "protector", trust=True).protect(counted)
    assert figures["protected_refused"] == pytest.approx(1 - gate(protected).mean())
    assert figures["other_kinds"]["plain"].keys() >= DECOYS.keys()
    assert not figures["other_kinds"]["plain"]["jpeg"]["taught"]
    report = (tiny_run / "report.html").read_text()
    assert "Refusing plain images" in report
    assert "Plain, photographs of 96 pixels" in report


@pytest.mark.parametrize(
    ("options", "steps"),
    [
        pytest.param({"gate_steps": 2}, 2, marks=pytest.mark.slow),
        pytest.param({"gate_batch_size": 900}, 2 * 1497 // 900, marks=pytest.mark.long),
    ],
)
def test_it_is_made_as_its_settings_say(tiny_run, tmp_path, options, steps):
    options = {**RunFolder(tiny_run).config()["settings"], "test_images": 10, **options}
    discriminator = patchgan(name="any", base_width=4, strided_layers=2)
    before = discriminator.get_weights()
    figures = export_gate(
        RunFolder(tmp_path),
        recorded(options),
        load_digits(),
        load_network(RunFolder(tiny_run).protector),
        discriminator,
        seed=0,
    )
    assert (figures["steps"], figures["images"]) == (steps, 5)
    assert RunFolder(tmp_path).metrics()["gate"] == figures
    assert not np.array_equal(before[0], discriminator.get_weights()[0])
    assert load_gate(tmp_path)(load_digits().test_images[:3]).shape == (3,)


@pytest.fixture
def older_run(tiny_run, tmp_path):
    """A run as an earlier version left it."""
    run = tmp_path / "run"
    shutil.copytree(tiny_run, run, ignore=shutil.ignore_patterns("gate"))
    metrics = json.loads((run / "metrics.json").read_text())
    del metrics["gate"]
    (run / "metrics.json").write_text(json.dumps(metrics))
    return run


def test_a_run_without_a_gate_says_how_to_make_one(older_run):
    with pytest.raises(UserError, match=rf"tfppdnn export {older_run}"):
        load_gate(older_run)


@pytest.mark.slow
def test_export_makes_the_same_gate_without_training_again(older_run, tiny_run, protected, call):
    trained = (older_run / "checkpoints/protector.keras").read_bytes()
    code, figures, _ = call("export", older_run)
    assert code == 0
    assert (older_run / "checkpoints/protector.keras").read_bytes() == trained
    recorded = json.loads((tiny_run / "metrics.json").read_text())["gate"]
    assert figures["gate"]["threshold"] == pytest.approx(recorded["threshold"], abs=1e-3)
    assert load_gate(older_run)(protected).mean() >= 0.95


@pytest.mark.slow
def test_without_checkpoints_export_writes_the_same_files_and_says_so(older_run, tiny_run, call):
    shutil.rmtree(older_run / "checkpoints/transformation_network")
    (older_run / "protector.tflite").unlink()
    code, figures, error = call("export", older_run)
    assert code == 0
    assert figures["gate"] is None
    assert "no gate: " in error and "transformation_network holds no checkpoint" in error
    assert figures["protector.tflite"]["max_difference"] <= 1
    before = (tiny_run / "protector.tflite").read_bytes()
    assert (older_run / "protector.tflite").read_bytes() == before
    assert not (older_run / "gate").exists()


def test_a_gate_that_cannot_be_written_is_no_success(older_run, call, monkeypatch):
    def full(*arguments, **settings):
        raise UserError("cannot write gate: No space left on device")

    monkeypatch.setattr("tfppdnn.protection.exports.export_gate", full)
    monkeypatch.setattr("tfppdnn.protection.exports.export_protector", lambda *_: {})
    code, _, error = call("export", older_run)
    assert code == 2
    assert "No space left on device" in error.strip().splitlines()[-1]


def test_export_does_not_compare_on_other_images(older_run, call):
    config = json.loads((older_run / "config.json").read_text())
    config["dataset"]["train_images"] = 7
    (older_run / "config.json").write_text(json.dumps(config))
    code, _, error = call("export", older_run)
    assert code == 2
    said = f"{older_run}: trained on other images than digits has now (train_images: 7 then, 1497"
    assert said in error.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("verb", "metrics", "said"),
    [
        ("classify", {"classify": {}}, "made by `classify`, and only a run made by `train`"),
        ("train", {"train": {}}, "its training has finished, and its checkpoints are gone"),
        ("train", {}, "its training has not finished; run the same train command again"),
    ],
)
def test_export_says_what_a_folder_without_a_protector_is(
    tiny_run, tmp_path, call, verb, metrics, said
):
    config = json.loads((tiny_run / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "verb": verb}))
    (tmp_path / "metrics.json").write_text(json.dumps(metrics))
    code, _, error = call("export", tmp_path)
    assert code == 2
    assert f"{tmp_path}: {said}" in error.strip().splitlines()[-1]


def test_a_folder_of_classify_is_not_sent_to_export_for_a_gate(tiny_run, tmp_path, call):
    config = json.loads((tiny_run / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "verb": "classify"}))
    shutil.copytree(tiny_run / "reference_classifier", tmp_path / "classifier")
    code, _, error = call("serve", tmp_path, "--refuse_plain")
    assert code == 2
    last = error.strip().splitlines()[-1]
    assert "gates come with runs made by `train`, and the shipped protector has none" in last
    assert "tfppdnn export" not in last


def test_a_checkpoint_of_other_networks_is_refused(tiny_run):
    settings = RunFolder(tiny_run).config()["settings"]
    settings = recorded({**settings, "discriminator_width": 8})
    with pytest.raises(UserError, match="is of another model"):
        protected_discriminator(RunFolder(tiny_run), settings, load_digits())


def test_a_large_image_is_scored_in_groups_of_bounded_size(monkeypatch):
    """The same scores come out as of all windows at once."""
    discriminator = patchgan(name="any", base_width=4, strided_layers=2)
    score = scores.gate_scores(discriminator, image_size=16)
    images = tf.constant(np.random.default_rng(0).integers(0, 256, (5, 90, 70, 3), np.uint8))
    at_once = score(images).numpy()
    sizes = []

    def noting(network, windows):
        sizes.append(windows.shape[0])
        return patch_scores(network, windows)

    monkeypatch.setattr(scores, "patch_scores", noting)
    monkeypatch.setattr(scores, "PIXELS_AT_ONCE", 7 * 32 * 32 + 1)
    np.testing.assert_allclose(score(images).numpy(), at_once, atol=1e-5)
    # 5 images of 3 x 3 windows, and once all of them at the size of training.
    assert len(sizes) == 8 and set(sizes[:7]) == {7} and sizes[7] == 5


@pytest.mark.parametrize("size", [(32, 32), (33, 33), (48, 100), (128, 64), (224, 224)])
def test_a_canvas_that_was_enlarged_scores_no_less_than_itself(size):
    discriminator = patchgan(name="any", base_width=4, strided_layers=2)
    score = scores.gate_scores(discriminator, image_size=32)
    canvas = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3), np.uint8)
    rows, columns = (np.arange(length) * 32 // length for length in size)
    enlarged = canvas[:, rows][:, :, columns]
    assert (score(tf.constant(enlarged)) >= score(tf.constant(canvas)) - 1e-5).numpy().all()


@pytest.mark.slow
def test_a_gate_knows_its_protectors_pictures_at_every_size(tmp_path):
    """The shipped protector, which draws 32x32 pixels and enlarges them."""
    dataset = load_digits()
    h_p = load_network(SHIPPED / "cifar10" / "protector.keras")
    discriminator = patchgan(name="any", base_width=8, strided_layers=2)
    make_gate(discriminator, h_p, dataset, tmp_path / "gate", steps=60, test_images=100)
    gate, protector = load_gate(tmp_path), load_protector("cifar10")
    for size in (32, 64, 128, 224):
        plain = np.stack([resize_square(image, size) for image in dataset.test_images[100:160]])
        assert gate(protector.protect(plain)).all(), size
        assert not gate(plain).any(), size


@pytest.mark.parametrize("name", DECOYS)
def test_decoys_are_images_of_the_same_size(name):
    images = photographs(count=3, height=16, width=24)
    made = DECOYS[name](images, np.random.default_rng(0))
    assert (made.shape, made.dtype) == (images.shape, np.uint8)
    assert not np.array_equal(made, images)


@pytest.mark.parametrize("size", [32, 64])
def test_other_scales_keep_the_colours(size):
    images = np.broadcast_to(np.array([200, 100, 50], np.uint8), (9, 32, 32, 3))
    shown = other_scales(images, size=size, rng=np.random.default_rng(0))
    assert shown.shape == (9, size, size, 3)
    np.testing.assert_array_equal(shown.reshape(-1, 3), np.tile([200, 100, 50], (9 * size**2, 1)))
