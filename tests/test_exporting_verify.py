from functools import partial

import numpy as np
import pytest
from exporting_samples import photographs, protected_by_hand, tiny_protector
from skimage.transform import resize
from sklearn.datasets import load_digits

from tfppdnn.errors import UserError
from tfppdnn.exporting import run_folder, tflite
from tfppdnn.exporting.half import round_weights_to_half
from tfppdnn.exporting.protector import export_protector
from tfppdnn.exporting.run_folder import export_all
from tfppdnn.exporting.runners import saved_model_runners, tflite_runner
from tfppdnn.exporting.verify import VerificationError, verify_protector_files

FILES = {
    "protector",
    "protector.tflite",
    "protector_fp16.tflite",
    "protector_int8.tflite",
    "protector_web.tflite",
}


@pytest.fixture(scope="module")
def images():
    digits = [resize(digit / 16, (32, 32), order=1) for digit in load_digits().images[:8]]
    grey = np.rint(np.stack(digits) * 255).astype(np.uint8)
    return np.concatenate([np.repeat(grey[..., np.newaxis], 3, axis=3), photographs()])


def trained(norm="instance", seed=0):
    model = tiny_protector(norm, seed=seed, depth=2)
    round_weights_to_half(model)
    return model


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_everything_is_written_and_measured(norm, images, tmp_path, capfd):
    model = trained(norm)
    seen = []

    def accuracy(protected):
        seen.append(protected)
        return 0.75 if len(seen) == 1 else 0.5

    capfd.readouterr()  # What TensorFlow says of its devices.
    figures = export_all(model, tmp_path / "run", images=images, accuracy=accuracy)

    out, err = capfd.readouterr()
    assert out == ""
    assert "export: 100%" in err
    assert [line for line in err.splitlines() if line.strip() and "export:" not in line] == []

    assert {path.name for path in (tmp_path / "run").iterdir()} == FILES == set(figures)
    for name in FILES - {"protector_int8.tflite"}:
        assert figures[name]["max_difference"] <= 1
        assert figures[name]["share_differing"] <= 0.001
    int8 = figures["protector_int8.tflite"]
    assert (int8["accuracy_of_float"], int8["accuracy"]) == (0.75, 0.5)
    assert int8["full_integer"] == (norm == "batch")
    np.testing.assert_allclose(seen[0].astype(int), protected_by_hand(model, images), atol=1)
    assert np.array_equal(
        seen[1], tflite_runner(tmp_path / "run" / "protector_int8.tflite")(images)
    )
    for name in FILES - {"protector"}:
        assert figures[name]["bytes"] == (tmp_path / "run" / name).stat().st_size


def test_exporting_twice_gives_the_same_pixels(images, tmp_path):
    model = trained("batch")
    for name in ("first", "second"):
        (tmp_path / name).write_bytes(tflite.int8_tflite(model, images))
        export_protector(model, tmp_path / f"{name}_protector")
    first, second = (tflite_runner(tmp_path / name)(images) for name in ("first", "second"))
    assert np.array_equal(first, second)
    first, second = (
        saved_model_runners(tmp_path / f"{name}_protector")[0](images)
        for name in ("first", "second")
    )
    assert np.array_equal(first, second)


@pytest.mark.parametrize("name", sorted(FILES - {"protector_int8.tflite"}))
def test_a_file_of_other_weights_is_refused_and_removed(name, images, tmp_path):
    model = trained()
    path = tmp_path / name
    if name == "protector":
        export_protector(model, path)
    else:
        make = {
            "protector.tflite": tflite.float32_tflite,
            "protector_fp16.tflite": tflite.float16_tflite,
            "protector_web.tflite": lambda model: tflite.web_tflite(model, sizes=(32, 64)),
        }[name]
        path.write_bytes(make(model))
    assert set(verify_protector_files(model, {name: path}, images)) == {name}

    kernel = model.get_layer("pixels").kernel
    kernel.assign(kernel * 1.02)
    with pytest.raises(VerificationError, match=f"{name} differs from the Keras model by up to"):
        verify_protector_files(model, {name: path}, images)
    assert not path.exists()


def test_int8_reports_how_far_it_is(images, tmp_path):
    model = trained()
    path = tmp_path / "protector_int8.tflite"
    path.write_bytes(tflite.int8_tflite(trained(seed=1), images))
    figures = verify_protector_files(model, {path.name: path}, images)[path.name]
    ours, other = (protected_by_hand(trained(seed=seed), images).astype(int) for seed in (0, 1))
    assert figures["mean_difference"] == pytest.approx(np.abs(ours - other).mean(), rel=0.1)
    assert figures["values"] > images.size


def test_a_refused_file_leaves_the_earlier_one(images, tmp_path, monkeypatch):
    for name in ("protector.tflite", "protector_web.tflite"):
        (tmp_path / name).write_bytes(b"earlier")
    stranger = trained(seed=1)
    web = partial(tflite.web_tflite, sizes=(32,))
    monkeypatch.setattr(run_folder, "float32_tflite", lambda _: tflite.float32_tflite(stranger))
    monkeypatch.setattr(run_folder, "web_tflite", web)

    with pytest.raises(UserError, match=r"^protector\.tflite differs") as refusal:
        export_all(trained(), tmp_path, images=images)

    assert (tmp_path / "protector.tflite").read_bytes() == b"earlier"
    assert (tmp_path / "protector_web.tflite").read_bytes() != b"earlier"
    assert {path.name for path in tmp_path.iterdir()} == FILES
    assert refusal.value.figures["protector.tflite"]["max_difference"] > 1


def test_what_is_no_tflite_file_is_refused(images, tmp_path):
    path = tmp_path / "protector.tflite"
    path.write_bytes(b"not one")
    with pytest.raises(VerificationError, match=r"protector\.tflite cannot be run"):
        verify_protector_files(trained(), {path.name: path}, images)
    assert not path.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        np.zeros((2, 8, 8, 3), "float32"),
        np.zeros((8, 8, 3), "uint8"),
        np.zeros((0, 8, 8, 3), "uint8"),
    ],
)
def test_images_must_be_bytes(wrong, tmp_path):
    with pytest.raises(ValueError, match="images must be uint8"):
        verify_protector_files(trained(), {}, wrong)
