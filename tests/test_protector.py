"""One class for everything that protects, and what ships."""

import hashlib
import json
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

import tfppdnn
from tfppdnn import Protector, load_protector
from tfppdnn.ciphers import Tanaka
from tfppdnn.errors import UserError
from tfppdnn.experiments.model_card import render_card
from tfppdnn.models import bottleneck
from tfppdnn.protector import shipped

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (5, 8, 12, 3), np.uint8)


def negative(images):
    return 255 - images


@pytest.fixture
def photo(tmp_path):
    Image.fromarray(IMAGES[0]).save(tmp_path / "photo.png")
    return tmp_path / "photo.png"


def test_of_no_pictures_there_are_none():
    none = np.zeros((0, 8, 8, 3), np.uint8)
    assert Protector.of("blur:2").protect(none).shape == none.shape
    assert [made.shape for made in Protector.of("blur:2").protect([none])] == [none.shape]


def test_arrays_keep_their_shape():
    protector = Protector.of(negative)
    for images in (IMAGES, IMAGES[0], IMAGES[:1], IMAGES[:0]):
        np.testing.assert_array_equal(protector.protect(images), 255 - images)


def test_every_kind_of_image_comes_back_as_its_kind(photo):
    protector = Protector.of(negative)
    picture = Image.fromarray(IMAGES[0])
    made = protector.protect(picture)
    assert isinstance(made, Image.Image)
    np.testing.assert_array_equal(np.asarray(made), 255 - IMAGES[0])
    for path in (photo, str(photo)):
        np.testing.assert_array_equal(protector.protect(path), 255 - IMAGES[0])
    for images in (IMAGES, IMAGES[0]):
        made = protector.protect(tf.constant(images))
        assert tf.is_tensor(made) and made.dtype == tf.uint8
        np.testing.assert_array_equal(made, 255 - images)


def test_a_picture_is_turned_upright_and_made_rgb():
    grey = Image.fromarray(IMAGES[0][..., 0])
    exif = grey.getexif()
    exif[0x0112] = 6  # To be turned by a quarter, clockwise.
    made = np.asarray(Protector.of(negative).protect(grey))
    upright = np.rot90(IMAGES[0][..., :1], -1)
    np.testing.assert_array_equal(made, 255 - np.repeat(upright, 3, axis=-1))


def test_a_list_may_hold_all_kinds_and_sizes(photo):
    calls = []

    def protect(images):
        calls.append(images.shape)
        return 255 - images

    wide = RNG.integers(0, 256, (4, 16, 3), np.uint8)
    given = [IMAGES[1], wide, Image.fromarray(wide), photo, tf.constant(IMAGES[2]), IMAGES[3:]]
    made = Protector.of(protect).protect(given)
    plain = [IMAGES[1], wide, wide, IMAGES[0], IMAGES[2], IMAGES[3:]]
    for one, image in zip(made, plain, strict=True):
        np.testing.assert_array_equal(np.asarray(one), 255 - image)
    assert isinstance(made[2], Image.Image) and tf.is_tensor(made[4])
    # Images of a size go together.
    assert calls == [(3, 8, 12, 3), (2, 4, 16, 3), (2, 8, 12, 3)]
    assert Protector.of(protect).protect([]) == []


@pytest.mark.parametrize(
    ("images", "reason"),
    [
        (IMAGES / 255, "must be a uint8 array with values of 0 to 255, not float64"),
        (IMAGES[..., :1], r"\[N, H, W, 3\] or \[H, W, 3\], not \[5, 8, 12, 1\]"),
        ([IMAGES[0], IMAGES[0, 0]], r"not \[12, 3\]"),
        (3, "a PIL image, the path of an image file, or a list of these, not int"),
        (tf.constant(IMAGES, tf.int32), "not int32"),
    ],
)
def test_anything_else_is_refused_in_one_line(images, reason):
    with pytest.raises(ValueError, match=reason) as refused:
        Protector.of(negative).protect(images)
    assert "\n" not in str(refused.value)


def test_a_symbol_is_refused_with_what_to_call():
    @tf.function
    def graph(images):
        return Protector.of(negative).protect(images)

    with pytest.raises(ValueError, match=r"Protector\.map\(dataset\)"):
        graph(tf.constant(IMAGES))


@pytest.mark.parametrize("batch", [None, 2])
@pytest.mark.parametrize("labels", [(), (np.arange(5),), (np.arange(5), np.arange(5) / 2)])
def test_a_data_set_is_mapped(batch, labels):
    parts = (IMAGES, *labels) if labels else IMAGES
    plain = tf.data.Dataset.from_tensor_slices(parts)
    plain = plain if batch is None else plain.batch(batch)
    mapped = Protector.of(negative).map(plain)
    assert mapped.element_spec == plain.element_spec
    for protected, given in zip(mapped, plain, strict=True):
        made, image = (protected[0], given[0]) if labels else (protected, given)
        np.testing.assert_array_equal(made, 255 - image.numpy())
        for one, other in zip(protected[1:], given[1:], strict=True) if labels else ():
            np.testing.assert_array_equal(one, other)


def test_a_mapped_data_set_trains_a_model():
    plain = tf.data.Dataset.from_tensor_slices((IMAGES, np.arange(5) % 2)).batch(2)
    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(Protector.of(Tanaka()).map(plain), verbose=0)


@pytest.mark.parametrize("images", [IMAGES / 255, IMAGES[..., :1], {"image": IMAGES}])
def test_a_data_set_of_something_else_is_refused_before_it_is_drawn(images):
    dataset = tf.data.Dataset.from_tensor_slices(images)
    with pytest.raises(UserError, match="give uint8 images"):
        Protector.of(negative).map(dataset)


def test_what_is_no_data_set_is_told_where_to_go():
    with pytest.raises(UserError, match=r"takes a tf\.data\.Dataset, not ndarray; protect takes"):
        Protector.of(negative).map(IMAGES)


def test_a_protector_is_made_of_whatever_protects():
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Rescaling(-1.0, 1.0)])
    for thing in (negative, Tanaka(key=3), "tanaka:3", model):
        protector = Protector.of(thing)
        assert Protector.of(protector) is protector
        assert protector.protect(IMAGES).shape == IMAGES.shape
        assert protector.run is None
    assert Protector.of(model).differentiable is model
    assert Protector.of(negative).differentiable is None
    assert Protector.of(negative, differentiable=model).differentiable is model
    np.testing.assert_array_equal(Protector.of(model).protect(IMAGES), 255 - IMAGES)
    with pytest.raises(UserError, match="an object of type int is no protector"):
        Protector.of(3)
    with pytest.raises(UserError, match=r"is not a protector: its values go from 0 to 2"):
        Protector.of(
            keras.Sequential([keras.Input((None, None, 3)), keras.layers.Rescaling(2.0)]), name="x"
        )


def test_one_may_be_handed_to_another_process():
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)
    for name in ("tanaka:7", "cifar10"):
        expected = Protector.from_preset(name).protect(images)
        handed = pickle.loads(pickle.dumps(Protector.from_preset(name)))
        np.testing.assert_array_equal(handed.protect(images), expected)
    handed = pickle.loads(pickle.dumps(Protector.of(np.invert, name="negative")))
    assert handed.name == "negative"
    np.testing.assert_array_equal(handed.protect(images), 255 - images)
    fitted = Protector.from_preset("pca:3").fitted_on(images)
    with pytest.raises(TypeError, match="cannot be pickled, as it was changed since it was made"):
        pickle.dumps(fitted)


def test_titles_and_identities_are_those_of_the_name():
    assert Protector.of(Tanaka(key=3)).identity == Protector.named("tanaka:3").identity
    assert Protector.of(Tanaka(key=3)).title == Protector.named("tanaka:3").title == "tanaka-3"
    assert Protector.of(Tanaka()).title == Protector.named("tanaka").title == "tanaka"
    assert repr(Protector.named("tanaka:3")) == "Protector('tanaka:3')"
    assert Protector.of(negative).title == "negative"
    assert Protector.of(negative, name="mine").title == "mine"


def test_what_a_program_holds_is_told_apart_by_what_it_does():
    def shift(by):
        return Protector.of(lambda images: images + np.uint8(by), name="shift").identity

    assert shift(3) == shift(3) != shift(4)

    def model(scale):
        image = keras.Input((None, None, 3))
        layer = keras.layers.Rescaling(-scale, 1.0)
        return Protector.of(keras.Model(image, layer(image), name="same")).identity

    assert model(1.0) == model(1.0) != model(0.9)


def test_naming_loads_nothing(tmp_path):
    (tmp_path / "protector.tflite").write_bytes(b"damaged")
    named = Protector.named(tmp_path)
    digest = hashlib.sha256(b"damaged").hexdigest()[:16]
    assert (named.title, named.identity, named.run) == (tmp_path.name, digest, None)
    for load in (Protector.from_preset, load_protector):
        with pytest.raises(UserError, match="is not a TFLite model"):
            load(tmp_path)


def test_a_run_knows_that_it_is_one(tiny_run):
    assert Protector.named(tiny_run).run == tiny_run
    assert Protector.named(tiny_run / "protector.tflite").run is None


@pytest.mark.parametrize(
    "form", ["", "protector.tflite", "protector", "checkpoints/protector.keras"]
)
def test_a_saved_protector_is_the_same_one(tiny_run, tmp_path, form):
    protector = load_protector(tiny_run / form, trust=True)
    protector.save(tmp_path / "saved")
    saved = load_protector(tmp_path / "saved", trust=True)
    assert saved.identity == protector.identity
    np.testing.assert_array_equal(saved.protect(IMAGES), protector.protect(IMAGES))
    assert (saved.differentiable is None) == (protector.differentiable is None)
    assert saved.run is None
    # And once more, from what was saved.
    saved.save(tmp_path / "again")
    assert load_protector(tmp_path / "again", trust=True).identity == protector.identity


def test_of_a_run_every_form_is_saved_and_nothing_else(tiny_run, tmp_path):
    load_protector(tiny_run).save(tmp_path / "saved")
    saved = {path.relative_to(tmp_path / "saved"): path for path in (tmp_path / "saved").rglob("*")}
    files = {name.as_posix(): path for name, path in saved.items() if path.is_file()}
    forms = [tiny_run / "checkpoints/protector.keras", *tiny_run.glob("protector*.tflite")]
    forms += [path for path in (tiny_run / "protector").rglob("*") if path.is_file()]
    del files["SHA256SUMS"]
    assert files.keys() == {path.relative_to(tiny_run).as_posix() for path in forms}
    assert {"protector.tflite", "protector_int8.tflite", "protector/saved_model.pb"} <= files.keys()
    for name, path in files.items():
        assert path.read_bytes() == (tiny_run / name).read_bytes()
    protected = load_protector(tiny_run).protect(IMAGES)
    made = load_protector(tmp_path / "saved/protector", trust=True).protect(IMAGES)
    np.testing.assert_allclose(made.astype(int), protected, atol=1)


def test_what_ships_and_a_model_can_be_saved(tmp_path):
    load_protector("cifar10").save(tmp_path / "shipped")
    assert load_protector(tmp_path / "shipped").identity == Protector.named("cifar10").identity
    assert (tmp_path / "shipped/CARD.md").is_file()
    model = keras.Sequential([keras.Input((None, None, 3)), keras.layers.Rescaling(-1.0, 1.0)])
    Protector.of(model).save(tmp_path / "model")
    np.testing.assert_array_equal(load_protector(tmp_path / "model").protect(IMAGES), 255 - IMAGES)


def test_nothing_is_saved_by_half(tiny_run, tmp_path):
    # It is not run to find that there is nothing to copy.
    code = tmp_path / "code.py"
    code.write_text("raise SystemExit('was run')")
    for thing in (negative, "tanaka:3", Tanaka(), f"{code}:protect"):
        with pytest.raises(UserError, match="is not made of files that can be saved"):
            Protector.of(thing).save(tmp_path / "none")
    code.unlink()
    shutil.copytree(tiny_run, tmp_path / "run")
    (tmp_path / "run/protector.tflite").write_bytes(b"damaged")
    with pytest.raises(UserError, match="is not what was exported"):
        Protector.named(tmp_path / "run").save(tmp_path / "none")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run"]
    with pytest.raises(UserError, match="run is not empty; give another folder"):
        load_protector(tiny_run).save(tmp_path / "run")
    assert (tmp_path / "run/protector.tflite").read_bytes() == b"damaged"
    with pytest.raises(UserError, match=r"config\.json is a file; give a folder"):
        load_protector(tiny_run).save(tmp_path / "run/config.json")


def test_the_bits_are_those_of_the_network_or_what_the_scheme_says():
    network = bottleneck(code_size=5, code_levels=4, encoder_width=0.03, decoder_width=2)
    assert Protector.of(network).bits == 10  # 5 numbers of 2 bits.
    assert Protector.named("cifar10").bits == 96
    assert Protector.named("blur").bits is None

    class OfTwo:
        bits = 1

        def protect(self, images):
            return images // 128 * 255

    assert Protector.of(OfTwo()).bits == 1


def test_a_card_is_what_its_figures_make():
    """After a change of the template: `experiments.model_card.write_card(folder)`."""
    for name in shipped.shipped_names():
        folder = shipped.SHIPPED / name
        card = json.loads((folder / "card.json").read_text())
        assert (folder / "CARD.md").read_text() == render_card(card)


def test_a_card_of_a_protector_that_draws_noise_says_so_throughout():
    card = json.loads((shipped.SHIPPED / "photos" / "card.json").read_text())
    card["network"]["epsilon"] = 8.0
    text = render_card(card)
    assert "A guess can be tested, within epsilon." in text
    assert "epsilon = 8" in text and "1 time in 336" in text
    assert "always becomes the same protected picture" not in text


def test_what_ships_is_listed_with_its_figures():
    cifar10, photos = tfppdnn.presets()
    assert (photos.name, photos.bits, photos.image_size) == ("photos", 576, 64)
    file = shipped.SHIPPED / "cifar10/protector_fp16.tflite"
    assert cifar10.name == "cifar10"
    assert cifar10.bytes == file.stat().st_size
    assert cifar10.sha256 == hashlib.sha256(file.read_bytes()).hexdigest()
    assert cifar10.image_size == 32 and cifar10.bits == 96
    assert cifar10.card.read_text().startswith("#")
    card = cifar10.card.read_text()
    for share in (cifar10.accuracy_plain, cifar10.accuracy_protected):
        assert f"{share:.1%}" in card
    printed = str(tfppdnn.presets())
    assert printed == repr(tfppdnn.presets())
    assert len(printed.splitlines()) == 3
    assert "96 bits" in printed and cifar10.sha256[:16] in printed


def test_a_card_that_is_damaged_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "SHIPPED", tmp_path)
    assert tfppdnn.presets() == []
    (tmp_path / "own").mkdir()
    (tmp_path / "own/protector_fp16.tflite").touch()
    with pytest.raises(UserError, match=r"card\.json does not exist"):
        tfppdnn.presets()
    (tmp_path / "own/card.json").write_text("{}")
    with pytest.raises(UserError, match=r"card\.json is no card"):
        tfppdnn.presets()


def test_importing_and_looking_around_loads_neither_tensorflow_nor_keras():
    script = """
import sys
import tfppdnn
assert {"Protector", "presets", "train"} <= set(dir(tfppdnn))
tfppdnn.presets(), tfppdnn.Protector.named("cifar10").identity
tfppdnn.load_protector("cifar10")
print(sorted({"tensorflow", "keras", "scipy", "pydantic", "PIL"} & sys.modules.keys()))
from tfppdnn import *
print(train.__name__, fit_classifier.__name__, __version__)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    assert done.returncode == 0, done.stderr
    found, names = done.stdout.splitlines()
    assert found == "[]"
    assert names == f"train fit_classifier {tfppdnn.__version__}"


@pytest.mark.slow
def test_a_classifier_learns_from_what_a_function_protects():
    labels = np.arange(200) % 2
    images = (RNG.integers(0, 60, (200, 32, 32, 3)) + 150 * labels[:, None, None, None]).astype(
        np.uint8
    )
    calls = []

    def protect(batch):
        calls.append(batch.shape[1:])
        return 255 - batch

    options = {"classifier_width": 0.0625, "classifier_epochs": 1, "classifier_batch_size": 32}
    trained = tfppdnn.fit_classifier(protect, (images, labels), settings=options)
    assert trained.kind == "protected"
    assert set(calls) == {(32, 32, 3)} and len(calls) > 5
