"""`train --preset=photos`, with a small trunk: what it makes, says, and refuses."""

import io
import json
import shutil

import keras
import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from skimage import data

from tfppdnn import Protector, fit_classifier
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.gate import load_gate
from tfppdnn.images.resizing import resize_square
from tfppdnn.models.trunk_protector import trunk_of
from tfppdnn.protection.photos.features import see_pictures
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.protector.shipped import SHIPPED
from tfppdnn.run_folder import RunFolder

CODE_SIZE, LEVELS = 12, 8


@pytest.fixture(scope="module")
def trunk(made_once):
    """A trunk as anybody may bring one: convolutions at random, which see something too."""

    def make(folder):
        folder.mkdir()
        keras.utils.set_random_seed(0)
        images = keras.Input((32, 32, 3))
        x = keras.layers.Conv2D(16, 5, strides=2, activation="relu")(images)
        x = keras.layers.Conv2D(32, 3, strides=2, activation="relu")(x)
        x = keras.layers.AveragePooling2D(2)(x)
        keras.Model(images, keras.layers.Flatten()(x), name="small").save(folder / "trunk.keras")

    return made_once("trunk", make) / "trunk.keras"


@pytest.fixture(scope="module")
def options(trunk):
    settings = [f"--trunk={trunk}", "--trunk_size=32", "--image_size=32", "--head_epochs=3"]
    measured = ["--test_images=250", "--classifier_epochs=8"]
    return ["--preset=photos", *settings, f"--code_size={CODE_SIZE}", *measured]


@pytest.fixture(scope="module")
def run(made_once, options):
    from tfppdnn.cli import main

    def make(out):
        assert main(["train", f"--out={out}", *options]) == 0

    return made_once("photos", make)


@pytest.fixture(scope="module")
def metrics(run):
    return json.loads((run / "metrics.json").read_text())


def tiles_of(pictures):
    """The numbers that 16x16 tiles of 32x32 pictures of a 4x4 grid show, [N, 16]."""
    return pictures[:, 4::8, 4::8, 0].reshape(len(pictures), -1)


def test_every_file_protects_and_draws_tiles_of_the_code(run):
    plain = load_digits().test_images[:20]
    files = ["", "protector", "protector.tflite", "protector_fp16.tflite"]
    made = [Protector.from_preset(run / file, trust=True).protect(plain) for file in files]
    for pictures in made[1:]:
        np.testing.assert_array_equal(pictures, made[0])
    tiles = tiles_of(made[0])
    np.testing.assert_array_equal(
        made[0],
        tiles.reshape(-1, 4, 1, 4, 1, 1)
        .repeat(8, 2)
        .repeat(8, 4)
        .repeat(3, 5)
        .reshape(plain.shape),
    )
    greys = np.rint(np.arange(LEVELS) / (LEVELS - 1) * 255)
    assert set(np.unique(tiles[:, :CODE_SIZE])) <= set(greys)
    # What no number is drawn in is mid-grey.
    assert set(np.unique(tiles[:, CODE_SIZE:])) == {128}
    assert len(np.unique(tiles, axis=0)) > 15


def test_a_picture_of_another_size_is_seen_whole(run):
    protector = Protector.from_preset(run)
    large = np.kron(load_digits().test_images[0], np.ones((4, 4, 1), np.uint8))
    assert protector.protect(large).shape == (128, 128, 3)
    changed = large.copy()
    changed[100:] = 255
    assert (protector.protect(changed) != protector.protect(large)).any()
    # It sees more than its 4x4 tiles, so nobody is told to give it less.
    assert protector.canvas is None
    assert protector.bits == 3 * CODE_SIZE


def test_no_copy_of_the_pictures_stays(run, metrics):
    assert metrics["train"]
    assert not (run / "checkpoints/features").exists()


def test_a_gate_that_has_learnt_nothing_says_so(metrics):
    kinds = metrics["gate"]["other_kinds"]
    assert len(kinds["plain"]) > 5
    assert not any(kind["taught"] for part in kinds.values() for kind in part.values())


def test_what_is_kept_is_measured_by_the_same_classifier(metrics):
    protector, reference = metrics["protector"], metrics["reference_classifier"]
    assert protector["reference_accuracy_on_plain"] == reference["test_accuracy"] > 0.8
    assert 0.5 < protector["reference_accuracy_on_protected"] <= reference["test_accuracy"]
    assert protector["test_images"] == 250
    code = metrics["transformation_network"]
    assert code["most_bits_a_protected_image_holds"] == 36
    assert 0 < code["share_of_pictures_restored"] < 1
    assert code["trunk"].endswith("trunk.keras") and code["trunk_parameters"] > 0
    assert protector["leakage"]["orientation_agreement"]["count"] == 250
    assert protector["restored_leakage"]["affine_ssim"]["mean"] > 0


@pytest.mark.long
def test_words_under_noise_are_what_is_drawn_measured_and_reported(made_once, options):
    from tfppdnn.cli import main

    def make(out):
        private = ["--privacy_epsilon=12", "--privacy_words=2", "--privacy_choices=16"]
        assert main(["train", f"--out={out}", *options, *private]) == 0

    run = made_once("private-photos", make)
    metrics = json.loads((run / "metrics.json").read_text())
    made = metrics["transformation_network"]
    assert (made["words"], made["choices"], made["privacy_epsilon"]) == (2, 16, 12.0)
    assert made["most_bits_a_protected_image_holds"] == 8
    assert 0.3 < made["share_of_features_kept"] < 1
    # Six of epsilon for a word of 16 keep it with probability 0.96; digits are easily told apart.
    kept = metrics["protector"]["reference_accuracy_on_protected"]
    assert 0.4 < kept < 0.96
    protector = Protector.from_preset(run)
    assert (protector.epsilon, protector.bits) == (12.0, 8.0)
    plain = load_digits().test_images[:1].repeat(300, axis=0)
    words = np.unique(tiles_of(protector.protect(plain)), axis=0, return_counts=True)[1]
    # Both words are true with probability 0.96^2, to which falls whoever is drawn so by chance.
    assert 0.8 < words.max() / 300 < 0.99
    page = (run / "report.html").read_text()
    assert "2 words of 16 values" in page and "epsilon = 12" in page
    gate = load_gate(run)
    assert gate(protector.protect(load_digits().test_images[:50])).mean() > 0.95
    assert gate(load_digits().test_images[:50]).mean() < 0.05


@pytest.mark.slow
def test_words_without_noise_are_a_code_of_few_bits(made_once, options):
    from tfppdnn.cli import main

    def make(out):
        named = ["--privacy_words=2", "--privacy_choices=16"]
        assert main(["train", f"--out={out}", *options, *named]) == 0

    run = made_once("named-photos", make)
    metrics = json.loads((run / "metrics.json").read_text())
    made = metrics["transformation_network"]
    assert (made["words"], made["choices"]) == (2, 16) and "privacy_epsilon" not in made
    assert made["most_bits_a_protected_image_holds"] == 8
    assert metrics["protector"]["reference_accuracy_on_protected"] > 0.5
    protector = Protector.from_preset(run)
    assert (protector.epsilon, protector.bits, protector.draws_noise) == (None, 8.0, False)
    digits = load_digits().test_images
    drawn = np.unique(protector.protect(digits).reshape(len(digits), -1), axis=0)
    assert 10 < len(drawn) <= 256
    page = (run / "report.html").read_text()
    assert "2 words of 16 values" in page and "Before noise" not in page
    assert "1 time in 3,906" in page  # 2^8 of a million.
    assert load_gate(run)(protector.protect(digits[:50])).mean() > 0.95


def test_the_report_speaks_of_a_trunk_and_not_of_the_papers_training(run):
    page = (run / "report.html").read_text()
    for said in ("all that the trunk sees", "12 numbers of 8 values", "--preset=photos", "ridge"):
        assert said in page
    for unsaid in ("VGG13-BN", "Where it departs from the paper", "Preliminary"):
        assert unsaid not in page


def test_the_plain_classifier_is_exported_with_its_trunk(run, metrics):
    classify = tf.saved_model.load(run / "reference_classifier").signatures["serving_default"]
    digits = load_digits()
    found = classify(image=tf.constant(digits.test_images))["class_id"].numpy()
    accuracy = np.mean(found == digits.test_labels)
    # Its features are kept in 16 bits while it learns.
    assert accuracy == pytest.approx(metrics["reference_classifier"]["test_accuracy"], abs=0.01)


@pytest.mark.parametrize("size", [32, 48, 100, 224])
def test_its_gate_knows_its_pictures_at_every_size_and_compressed(run, size):
    gate, protector = load_gate(run), Protector.from_preset(run)
    plain = np.stack([resize_square(data.chelsea(), size), resize_square(data.coffee(), size)])
    protected = protector.protect(plain)
    compressed = []
    for picture in protected:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=90)
        compressed.append(np.asarray(Image.open(file)))
    assert gate(protected).all()
    assert gate(np.stack(compressed)).all()
    assert not gate(plain).any()


@pytest.mark.long
def test_the_same_call_does_nothing_and_a_stopped_one_goes_on(run, options, tmp_path, call):
    code, figures, _ = call("train", f"--out={run}", *options)
    assert code == 0
    metrics = json.loads((run / "metrics.json").read_text())

    copy = tmp_path / "run"
    shutil.copytree(run, copy)
    stopped = {k: v for k, v in metrics.items() if k not in ("train", "export", "protector")}
    (copy / "metrics.json").write_text(json.dumps(stopped))
    code, again, _ = call("train", f"--out={copy}", *options)
    assert code == 0
    assert {**again, "run": ""} == {**figures, "run": ""}
    plain = load_digits().test_images[:50]
    ours, theirs = (Protector.from_preset(folder).protect(plain) for folder in (run, copy))
    np.testing.assert_array_equal(ours, theirs)


def copied(run, out, *, without):
    """A copy of a run that lacks some of its files."""
    shutil.copytree(run, out)
    for name in without:
        place = out / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    return out


@pytest.mark.long
def test_export_measures_and_writes_all_that_train_does(run, metrics, tmp_path, call):
    copy = copied(run, tmp_path / "run", without=("gate", "protector.tflite"))
    code, figures, errors = call("export", copy)
    assert code == 0 and "no gate" not in errors and "no accuracy" not in errors
    assert figures["protector_int8.tflite"] == metrics["export"]["protector_int8.tflite"]
    assert figures["protector_int8.tflite"]["accuracy_of_float"] > 0.5
    assert figures["gate"] == metrics["gate"]
    assert load_gate(copy)(Protector.from_preset(copy).protect(load_digits().test_images[:9])).all()


@pytest.mark.long
def test_train_writes_a_file_again_and_measures_nothing_by_a_classifier_that_is_gone(
    run, options, tmp_path, call
):
    without = ("protector_fp16.tflite", "checkpoints/classifier_of_codes")
    copy = copied(run, tmp_path / "run", without=without)
    code, _, errors = call("train", f"--out={copy}", *options)
    assert code == 0 and (copy / "protector_fp16.tflite").is_file()
    assert "no accuracy of protector_int8.tflite: " in errors
    made = json.loads((copy / "metrics.json").read_text())["export"]
    assert "accuracy" not in made["protector_int8.tflite"]
    assert (copy / "protector_fp16.tflite").read_bytes() == (
        run / "protector_fp16.tflite"
    ).read_bytes()


@pytest.mark.slow
def test_the_cloud_learns_from_pictures_that_were_each_protected_once(run, tmp_path):
    result = fit_classifier(run, out=tmp_path / "classifier")
    assert result.figures["network"] == "dense"
    assert result.accuracy > 0.5
    kept = np.load(tmp_path / "classifier/checkpoints/classifier_protected/protected/00000000.npz")
    digits = load_digits()
    np.testing.assert_array_equal(
        kept["images"], Protector.from_preset(run).protect(digits.train_images)
    )
    protected = Protector.from_preset(run).protect(digits.test_images)
    assert np.mean((result.classify(protected) == digits.test_labels)[:250]) == result.accuracy


def test_plain_pictures_are_not_compared_by_a_network_made_for_codes(run, tmp_path, call):
    code, _, errors = call("classify", f"--protector={run}", "--plain", f"--out={tmp_path / 'out'}")
    assert code == 2
    assert "--plain: the dense network reads drawn codes" in errors.strip().splitlines()[-1]
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["MobileNetV2", "MobileNetV3Small", "ResNet50"])
def test_a_trunk_may_be_any_network_of_keras_applications(name, monkeypatch):
    build = getattr(keras.applications, name)

    def untrained(**settings):  # Its weights would have to be downloaded.
        return build(weights=None, **settings)

    untrained.__module__ = build.__module__
    monkeypatch.setattr(keras.applications, name, untrained)
    found = load_trunk(name, size=64)
    assert found.facts["trunk"] == name
    picture = np.random.default_rng(0).random((1, 64, 64, 3), np.float32)
    assert np.asarray(found.model(picture)).shape[-1] == found.model.output_shape[-1] > 500


def test_a_trunk_may_lie_in_the_home_folder(trunk, monkeypatch):
    monkeypatch.setenv("HOME", str(trunk.parent))
    facts = load_trunk("~/trunk.keras", size=32).facts
    assert facts == {**load_trunk(str(trunk), size=32).facts, "trunk": "~/trunk.keras"}


def test_without_an_option_the_trunk_is_that_of_the_protector_that_ships():
    trunk = load_trunk(None, size=128)
    shipped = keras.models.load_model(SHIPPED / "photos" / "protector.keras")
    for weights, theirs in zip(
        trunk.model.get_weights(), trunk_of(shipped).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weights, theirs)
    assert trunk.facts["trunk_licence"] == "Apache-2.0"


def small(size, channels=3, outputs=1):
    images = keras.Input((size, size, channels))
    features = keras.layers.Flatten()(keras.layers.AveragePooling2D(8)(images))
    return keras.Model(images, [features] * outputs)


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (small(96), "it sees pictures at 96 pixels a side; give that as --trunk_size"),
        (small(128, channels=1), r"it takes \[128, 128, 1\]; give a network that takes square RGB"),
        (small(128, outputs=2), "1 inputs and 2 outputs; give a network from one picture"),
        (
            keras.Sequential([keras.Input((None, None, 3)), keras.layers.Reshape((-1, 3))]),
            r"it turns pictures into \[1, 16384, 3\]; give a network whose output is features",
        ),
    ],
)
def test_a_trunk_that_cannot_be_one_is_told_by_its_shapes(network, said, tmp_path):
    network.save(tmp_path / "trunk.keras")
    with pytest.raises(UserError, match=said):
        load_trunk(str(tmp_path / "trunk.keras"), size=128)


def test_a_call_that_is_mended_goes_on_in_the_same_folder(options, tmp_path, call):
    for trunk in ("NONE.keras", "MISSING.npz"):
        code, _, errors = call("train", f"--out={tmp_path / 'run'}", *options, f"--trunk={trunk}")
        assert code == 2
        assert trunk in errors.strip().splitlines()[-1]


def test_features_that_float16_does_not_hold_are_named(tmp_path):
    images = keras.Input((None, None, 3))
    large = keras.layers.Rescaling(1e6)(keras.layers.GlobalAveragePooling2D()(images))
    with pytest.raises(UserError, match="--trunk: its features are above 65,504"):
        see_pictures(RunFolder(tmp_path), load_digits(), keras.Model(images, large), trunk_size=32)


def test_a_trunk_that_sees_less_than_there_is_says_so(tmp_path, capsys):
    images = keras.Input((None, None, 3))
    trunk = keras.Model(images, keras.layers.GlobalAveragePooling2D()(images))
    see_pictures(RunFolder(tmp_path), load_digits(), trunk, trunk_size=16)
    assert "the trunk sees 16x16 pixels; --trunk_size sets that" in capsys.readouterr().err
    see_pictures(RunFolder(tmp_path / "whole"), load_digits(), trunk, trunk_size=32)
    assert "--trunk_size" not in capsys.readouterr().err


def test_a_trunk_may_be_a_preset_of_keras_hub(tmp_path):
    hub = pytest.importorskip("keras_hub", reason="keras-hub is not installed")
    keras.utils.set_random_seed(0)
    backbone = hub.models.ResNetBackbone(
        input_conv_filters=[64],
        input_conv_kernel_sizes=[7],
        stackwise_num_filters=[64, 16],
        stackwise_num_blocks=[1, 1],
        stackwise_num_strides=[1, 2],
        block_type="basic_block",
        image_shape=(None, None, 3),
    )
    scale, offset = [0.01, 0.02, 0.03], [-1.0, -2.0, 0.5]
    converter = hub.layers.ResNetImageConverter(image_size=(64, 64), scale=scale, offset=offset)
    for part in (backbone, converter):
        part.save_to_preset(str(tmp_path / "preset"))
    found = load_trunk(str(tmp_path / "preset"), size=64)
    picture = np.random.default_rng(0).random((2, 64, 64, 3), np.float32)
    expected = backbone.predict(picture * 255 * np.array(scale) + np.array(offset), verbose=0)
    np.testing.assert_allclose(found.model(picture), expected, atol=1e-3)
    assert found.facts["trunk_parameters"] == backbone.count_params()
    # It ends in the protector's file.
    found.model.save(tmp_path / "trunk.keras")
    again = load_trunk(str(tmp_path / "trunk.keras"), size=64)
    np.testing.assert_array_equal(again.model(picture), found.model(picture))


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--trunk=NONE.keras", "--trunk=NONE.keras: cannot be loaded"),
        ("--trunk=NONE.npz", "NONE.npz: no weights to read"),
        ("--trunk=Nonsense", "--trunk=Nonsense: no file, "),
        ("--trunk=resnet_18_imagenet", "keras-hub"),
        pytest.param(
            "--code_size=1500",
            "--code_size=1500: 1497 pictures have features in",
            marks=pytest.mark.slow,
        ),
        ("--gamma=1,1,1", "--gamma: not a setting of --preset=photos"),
        ("--reuse=runs/x", "--reuse: --preset=photos has no stages to reuse"),
    ],
)
def test_what_cannot_be_is_answered_in_a_line(options, tmp_path, call, option, said):
    code, _, errors = call("train", f"--out={tmp_path / 'run'}", *options, option)
    assert code == 2
    last = errors.strip().splitlines()[-1]
    assert said in last and "Traceback" not in errors
