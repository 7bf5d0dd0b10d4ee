import concurrent.futures
import json
import subprocess
import sys
import threading

import fire
import keras
import numpy as np
import pytest
import tensorflow as tf
from exporting_samples import tiny_protector
from PIL import Image

from tfppdnn import load_protector
from tfppdnn.cli.protect import protect
from tfppdnn.errors import UserError
from tfppdnn.exporting.tflite import float32_tflite
from tfppdnn.protector import litert
from tfppdnn.protector.litert import LiteRTScheme

RNG = np.random.default_rng(3)


class FromBytes(keras.layers.Layer):
    def call(self, x):
        return tf.cast(x, tf.float32) / 255.0


class ToBytes(keras.layers.Layer):
    def call(self, x):
        return tf.cast(tf.round(x * 255.0), tf.uint8)


def image_model(height=None, width=None):
    keras.utils.set_random_seed(7)
    image = keras.Input((height, width, 3), batch_size=1, dtype="uint8", name="image")
    x = FromBytes(dtype="float32")(image)
    x = keras.layers.Conv2D(
        3, 3, padding="same", activation="sigmoid", kernel_initializer="random_normal"
    )(x * 20.0)
    return keras.Model(image, ToBytes(dtype="float32")(x))


def tflite(model):
    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """One of each kind of thing that a user may pass as protector."""
    folder = tmp_path_factory.mktemp("protectors")
    model = image_model()
    (folder / "run").mkdir()
    (folder / "run/protector.tflite").write_bytes(tflite(model))
    (folder / "fixed.tflite").write_bytes(tflite(image_model(32, 32)))

    floats = keras.Input((None, None, 3), batch_size=1)
    (folder / "floats.tflite").write_bytes(tflite(keras.Model(floats, floats * 2.0)))
    image = keras.Input((None, None, 3), batch_size=1, dtype="uint8")
    scores = keras.layers.GlobalAveragePooling2D()(FromBytes(dtype="float32")(image))
    (folder / "classifier.tflite").write_bytes(tflite(keras.Model(image, scores)))
    half = keras.Model(image, image[:, ::2, ::2])
    (folder / "half.tflite").write_bytes(tflite(half))

    content = (folder / "run/protector.tflite").read_bytes()
    (folder / "truncated.tflite").write_bytes(content[:-200])
    (folder / "text.tflite").write_text("these are not the weights")
    (folder / "empty.tflite").touch()
    (folder / "unfinished").mkdir()
    (folder / "unfinished/config.json").write_text("{}")
    (folder / "nothing").mkdir()
    for name, outputs in {"saved": ["protected"], "other": ["probabilities"]}.items():
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            "serving_default",
            lambda image, outputs=outputs: {
                outputs[0]: tf.map_fn(lambda one: model(one[tf.newaxis])[0], image)
            },
            input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")],
        )
        archive.write_out(folder / name, verbose=False)
    (folder / "torn").mkdir()
    (folder / "torn/saved_model.pb").write_bytes(b"\x08\x01\x12nonsense")
    return folder


def is_right(protected, image):
    """Compares with Keras; sums in another order may round a value to its neighbour."""
    difference = np.abs(protected.astype(int) - np.asarray(image_model()(image[np.newaxis]))[0])
    return difference.max() <= 1 and (difference > 0).mean() < 0.005


def test_numbers_are_those_of_the_model_at_every_size(files):
    protector = load_protector(files / "run")
    for height, width in [(32, 32), (1, 1), (7, 50), (32, 32), (64, 3)]:
        image = RNG.integers(0, 256, (height, width, 3), np.uint8)
        protected = protector.protect(image)
        assert protected.dtype == np.uint8
        assert is_right(protected, image)
        assert len(np.unique(protected)) > 2, "the model does nothing"


def test_a_batch_is_protected_image_by_image(files):
    protector = load_protector(files / "run/protector.tflite")
    batch = RNG.integers(0, 256, (3, 9, 8, 3), np.uint8)
    before = batch.copy()
    protected = protector.protect(batch)
    assert protected.shape == batch.shape
    assert all(map(is_right, protected, batch))
    assert (batch == before).all()
    assert protector.protect(batch[:0]).shape == (0, 9, 8, 3)
    # Neither a view nor another memory order changes the result.
    assert is_right(protector.protect(batch[1, :, ::-1]), batch[1, :, ::-1])


def test_a_batch_is_spread_over_all_processors(files, monkeypatch):
    protector = LiteRTScheme(files / "run/protector.tflite")
    meeting = threading.Barrier(3, timeout=30)
    run = litert._Runner.run

    def met(runner, image):
        meeting.wait()  # One thread alone would break the barrier.
        return run(runner, image)

    monkeypatch.setattr(litert, "processors", lambda: 3)
    monkeypatch.setattr(litert._Runner, "run", met)
    batch = RNG.integers(0, 256, (6, 9, 8, 3), np.uint8)
    assert all(map(is_right, protector.protect(batch), batch))


def test_interpreters_are_used_again_by_whichever_thread(files, monkeypatch):
    made = []

    class Counted(litert.Interpreter):
        def __init__(self, **options):
            made.append(options["num_threads"])
            super().__init__(**options)

    monkeypatch.setattr(litert, "Interpreter", Counted)
    protector = LiteRTScheme(files / "run/protector.tflite")
    image = RNG.integers(0, 256, (9, 8, 3), np.uint8)
    for _ in range(3):
        thread = threading.Thread(target=protector.protect, args=(image,))
        thread.start()
        thread.join()
    assert made == [1]

    monkeypatch.setattr(litert, "processors", lambda: 2)
    monkeypatch.setattr(litert, "_LARGE_BYTES", 0)
    assert is_right(protector.protect(image), image)
    assert is_right(protector.protect(image), image)
    assert made == [1, 2], "a large image has all processors"
    monkeypatch.setattr(litert, "_KEPT_BYTES", 0)
    for _ in range(3):
        protector.protect(image)
    assert made == [1, 2, 2, 2], "of the largest nothing is kept"


def test_large_images_come_one_after_the_other(files, monkeypatch):
    protector = LiteRTScheme(files / "run/protector.tflite")
    run, changed, running, most = litert._Runner.run, threading.Condition(), 0, 0

    def watched(runner, image):
        nonlocal running, most
        with changed:
            running += 1
            most = max(most, running)
            changed.notify_all()
            # As long as a second one may come; of large ones none does, and this is the wait.
            changed.wait_for(lambda: most > 1, timeout=patience)
        try:
            return run(runner, image)
        finally:
            with changed:
                running -= 1

    monkeypatch.setattr(litert, "processors", lambda: 4)
    monkeypatch.setattr(litert._Runner, "run", watched)
    batch = RNG.integers(0, 256, (8, 9, 8, 3), np.uint8)
    patience = 30
    protector.protect(batch)
    assert most > 1
    most, patience = 0, 0.05
    monkeypatch.setattr(litert, "_LARGE_BYTES", 0)
    assert all(map(is_right, protector.protect(batch), batch))
    assert most == 1


def test_what_fails_in_a_batch_is_told(files, monkeypatch):
    def failing(runner, image):
        raise RuntimeError("no more memory")

    protector = LiteRTScheme(files / "run/protector.tflite")
    batch = RNG.integers(0, 256, (8, 9, 8, 3), np.uint8)
    with monkeypatch.context() as patched:
        patched.setattr(litert._Runner, "run", failing)
        with pytest.raises(MemoryError, match="LiteRT failed"):
            protector.protect(batch)
    assert all(map(is_right, protector.protect(batch), batch))


def test_a_saved_model_gives_the_same_numbers(files):
    batch = RNG.integers(0, 256, (2, 9, 8, 3), np.uint8)
    protector, reference = load_protector(files / "saved"), load_protector(files / "run")
    for images in (batch, batch[0]):
        difference = protector.protect(images).astype(int) - reference.protect(images)
        assert np.abs(difference).max() <= 1
        assert (difference != 0).mean() < 0.005
    with pytest.raises(ValueError, match="uint8"):
        protector.protect(batch / 255)


def test_threads_do_not_disturb_each_other(files):
    protector = LiteRTScheme(files / "run/protector.tflite")
    images = [RNG.integers(0, 256, (80 + n, 90 - n, 3), np.uint8) for n in range(8)]
    wanted = [protector.protect(image) for image in images]

    def right(n):
        return (protector.protect(images[n]) == wanted[n]).all()

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that threads meet in the middle of a call
    try:
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            assert all(pool.map(right, [n % len(images) for n in range(200)]))
    finally:
        sys.setswitchinterval(interval)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4, 3), np.int64),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 1), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((1, 1, 4, 4, 3), np.uint8),
        [[[1, 2, 3]]],
    ],
)
def test_other_arrays_are_refused(files, images):
    with pytest.raises(ValueError, match="images must be"):
        load_protector(files / "run").protect(images)


def test_an_image_that_exceeds_the_memory_is_refused(files, monkeypatch):
    monkeypatch.setattr("tfppdnn.protector.litert.machine_memory", lambda: 2**20)
    protector = LiteRTScheme(files / "run/protector.tflite")
    assert protector.protect(np.zeros((10, 10, 3), np.uint8)).shape == (10, 10, 3)
    with pytest.raises(MemoryError, match="GiB of memory would be needed"):
        protector.protect(np.zeros((300, 300, 3), np.uint8))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the tensors are counted")
@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_no_more_memory_is_used_than_was_reserved(norm, tmp_path):
    file = tmp_path / "protector.tflite"
    file.write_bytes(float32_tflite(tiny_protector(norm, base_width=16, depth=2)))
    # In a process of its own: the most that it ever used is the only figure that no page hides.
    program = (
        "import re, sys, numpy as np\n"
        "from tfppdnn.protector.litert import LiteRTScheme\n"
        "status = lambda: open('/proc/self/status').read()\n"
        "most = lambda: 1024 * int(re.search(r'VmHWM:\\s+(\\d+)', status())[1])\n"
        "protector = LiteRTScheme(sys.argv[1])\n"
        "image, before = np.zeros((512, 512, 3), np.uint8), most()\n"
        "protector.protect(image)\n"
        "print(protector._bytes_per_pixel * 512**2, most() - before)\n"
    )
    command = [sys.executable, "-c", program, file]
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    reserved, used = map(float, made.stdout.split())
    assert used <= reserved < 3 * used


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("missing", "does not exist"),
        ("nothing", "holds neither protector.tflite nor saved_model.pb"),
        ("unfinished", "training has not finished"),
        ("text.tflite", "is not a TFLite model"),
        ("truncated.tflite", "is not a TFLite model"),
        ("empty.tflite", "is empty"),
        ("floats.tflite", r"is not a protector: its inputs are float32 \[1, -1, -1, 3\]"),
        ("classifier.tflite", r"is not a protector: .*outputs float32"),
        ("half.tflite", r"is not a protector: it turns \(32, 32, 3\) into \(16, 16, 3\)"),
        ("fixed.tflite", r"fixed sizes.*protector\.tflite"),
        ("other", "is not a protector: .*probabilities"),
        ("torn", "cannot be loaded as a SavedModel"),
    ],
)
def test_what_is_no_protector_is_named(files, name, reason):
    with pytest.raises(UserError, match=reason) as caught:
        load_protector(files / name)
    assert str(files / name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.fixture
def photos(tmp_path):
    (tmp_path / "photos/trip").mkdir(parents=True)
    for name in ("photos/a.jpg", "photos/trip/b.png"):
        Image.fromarray(RNG.integers(0, 256, (20, 30, 3), np.uint8)).save(tmp_path / name)
    return tmp_path / "photos"


def test_the_verb_returns_figures_and_an_exit_code(files, photos, tmp_path):
    figures, code = protect(photos, tmp_path / "out", protector=files / "run")
    assert (figures["protected"], figures["failed"], code) == (2, [], 0)
    with Image.open(photos / "trip/b.png") as plain, Image.open(tmp_path / "out/trip/b.png") as out:
        assert is_right(np.asarray(out), np.asarray(plain))
    (photos / "c.png").write_text("no picture")
    figures, code = protect(photos, tmp_path / "out", protector=files / "run")
    assert (figures["skipped"], figures["failed"], code) == (2, [str(photos / "c.png")], 1)
    assert json.loads(json.dumps(figures)) == figures


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"size": 0}, "--size must be a whole number from 1 to 4096"),
        ({"size": 5000}, "--size must be a whole number from 1 to 4096"),
        ({"size": float("inf")}, "--size must be a whole number from 1 to 4096"),
        ({"protector": "True"}, "--protector needs a value"),
        ({"overwrite": "photos"}, "--overwrite takes no value"),
        ({"workers": 0}, "--workers must be a whole number"),
        ({"workers": "two"}, "--workers must be a whole number"),
        ({"workers": True}, "--workers must be a whole number"),
        ({"max_pixels": -5}, "--max_pixels must be a whole number"),
        ({"max_pixels": 1e12}, "--max_pixels must be a whole number"),
        ({"max_pixels": 0.5}, "--max_pixels must be a whole number"),
    ],
)
def test_wrong_options_are_named(files, photos, tmp_path, options, reason):
    with pytest.raises(UserError, match=reason):
        protect(photos, tmp_path / "out", **{"protector": files / "run", **options})
    assert not (tmp_path / "out").exists()


def test_names_that_look_like_values(files, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photos.rename("2024")
    (tmp_path / "9").symlink_to(files / "run")
    command = ["2024", "1e5", "--protector=9", "--max_pixels=1e3"]
    figures, code = fire.Fire(protect, command=command, serialize=lambda result: "")
    assert (figures["protected"], code) == (2, 0)
    assert (tmp_path / "1e5/trip/b.png").is_file()


def test_an_option_without_its_value_is_named(photos, tmp_path, call):
    code, _, said = call("protect", photos, tmp_path / "out", "--protector")
    assert (code, "--protector needs a value" in said) == (2, True)


def test_nothing_of_an_unset_shell_variable_is_the_current_folder(
    files, photos, tmp_path, call, monkeypatch
):
    monkeypatch.chdir(photos)
    before = sorted(tmp_path.rglob("*"))
    for source, destination in [("", tmp_path / "out"), (photos, "")]:
        code, _, said = call("protect", source, destination, f"--protector={files / 'run'}")
        assert code == 2 and "shell variable that is not set" in said
    assert sorted(tmp_path.rglob("*")) == before


def test_pictures_of_two_protectors_are_never_in_one_folder(files, photos, tmp_path, call):
    out = tmp_path / "out"
    code, figures, said = call("protect", photos, out, "--protector=plain")
    assert (code, figures["protected"], len(figures["failed"])) == (1, 0, 2)
    assert said.count("the protector changes too little of it; it was left out") == 2
    assert not list(out.rglob("*.png"))

    for _ in range(2):
        assert call("protect", photos, out, f"--protector={files / 'run'}")[0] == 0
    written = {path: path.read_bytes() for path in out.rglob("*.png")}
    # The same protector by its file's name is no other.
    same = f"--protector={files / 'run/protector.tflite'}"
    assert call("protect", photos, out, same)[1]["skipped"] == 2
    for options in (["--protector=tanaka"], ["--protector=plain", "--overwrite"]):
        code, _, said = call("protect", photos, out, *options)
        assert code == 2 and "made with another protector; choose another DST" in said
    code, _, said = call("protect", photos, out, same, "--size=8")
    assert code == 2 and "made at their own size" in said
    assert {path: path.read_bytes() for path in out.rglob("*.png")} == written


def test_the_size_of_the_classifier(files, photos, tmp_path, call):
    code, figures, _ = call(
        "protect", photos, tmp_path / "out", f"--protector={files / 'run'}", "--size=8"
    )
    assert (code, figures["protected"], figures["size"]) == (0, 2, 8)
    with Image.open(photos / "trip/b.png") as plain, Image.open(tmp_path / "out/trip/b.png") as out:
        square = np.asarray(plain)[:, 5:25]
        small = Image.fromarray(square).resize((8, 8), Image.Resampling.BILINEAR)
        assert is_right(np.asarray(out), np.asarray(small))


def test_what_was_not_done_is_told_once(files, photos, tmp_path, call):
    for name in ("c.heic", "d.HEIC", "trip/e.tiff"):
        (photos / name).touch()
    command = ["protect", photos, tmp_path / "out", f"--protector={files / 'run'}"]
    _, figures, said = call(*command)
    assert figures["left_out"] == 3
    assert "3 files are no images by their names and were left out (.heic, .tiff); conv" in said
    assert "there already" not in said
    (photos / "c.heic").unlink()
    _, _, said = call(*command)
    assert "2 images were there already and were left as they are; --overwrite makes them" in said
    code, _, said = call(*command[:1], photos / "d.HEIC", *command[2:])
    assert code == 2 and "convert it to JPEG, PNG, WebP or BMP" in said


def test_a_folder_without_images_tells_what_it_holds(files, tmp_path, call):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/a.heic").touch()
    option = f"--protector={files / 'run'}"
    code, _, said = call("protect", tmp_path / "photos", tmp_path / "out", option)
    assert code == 2 and "holds no image" in said and "left out (.heic); convert it" in said


def test_protecting_with_tflite_needs_no_tensorflow(files, photos, tmp_path):
    script = """
import sys
from tfppdnn.cli.protect import protect
figures, code = protect(sys.argv[1], sys.argv[2], protector=sys.argv[3])
heavy = {"tensorflow", "keras", "skimage", "sklearn", "scipy", "matplotlib", "jax"}
print(figures["protected"], code, sorted(heavy & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, photos, tmp_path / "out", files / "run"]
    process = subprocess.run(command, capture_output=True, text=True, check=True)
    assert process.stdout == "2 0 []\n"
