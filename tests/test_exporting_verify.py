import shutil

import numpy as np
import pytest
from exporting_samples import FILES, digits_and_photographs, protected_by_hand, trained_protector

from tfppdnn.exporting import tflite
from tfppdnn.exporting.protector import export_protector
from tfppdnn.exporting.runners import saved_model_runners, tflite_runner
from tfppdnn.exporting.verify import VerificationError, differences, verify_protector_files


@pytest.fixture(scope="module")
def images():
    return digits_and_photographs()


@pytest.mark.slow
def test_exporting_twice_gives_the_same_pixels(images, tmp_path):
    model = trained_protector("batch")
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


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(FILES - {"protector_int8.tflite"}))
def test_a_file_of_other_weights_is_refused_and_removed(name, exported, images, tmp_path):
    model = trained_protector()
    path, made = tmp_path / name, exported / "run" / name
    (shutil.copytree if made.is_dir() else shutil.copy)(made, path)
    assert set(verify_protector_files(model, {name: path}, images)) == {name}

    kernel = model.get_layer("pixels").kernel
    kernel.assign(kernel * 1.02)
    with pytest.raises(VerificationError, match=f"{name} differs from the Keras model by up to"):
        verify_protector_files(model, {name: path}, images)
    assert not path.exists()


@pytest.mark.parametrize(("others", "allowed"), [(0, True), (1, True), (2, True), (3, False)])
def test_a_code_may_fall_to_the_other_side_once_in_a_hundred_pictures(others, allowed):
    expected = np.full((200, 8, 8, 3), 100, np.uint8)
    made = expected.copy()
    made[:others] = 160
    figures = differences([(expected, made)], with_code=True)
    assert (figures["pictures"], figures["other_codes"]) == (200, others)
    assert figures["max_difference"] == (0 if allowed else 60)


def test_without_a_code_no_picture_may_be_another():
    expected = np.full((200, 8, 8, 3), 100, np.uint8)
    made = expected.copy()
    made[0, 0, 0, 0] = 102
    figures = differences([(expected, made)], with_code=False)
    assert figures["max_difference"] == 2
    assert "other_codes" not in figures


@pytest.mark.slow
def test_int8_reports_how_far_it_is(images, tmp_path):
    model = trained_protector()
    path = tmp_path / "protector_int8.tflite"
    path.write_bytes(tflite.int8_tflite(trained_protector(seed=1), images))
    figures = verify_protector_files(model, {path.name: path}, images)[path.name]
    ours, other = (
        protected_by_hand(trained_protector(seed=seed), images).astype(int) for seed in (0, 1)
    )
    assert figures["mean_difference"] == pytest.approx(np.abs(ours - other).mean(), rel=0.1)
    assert figures["values"] > images.size


def test_what_is_no_tflite_file_is_refused(images, tmp_path):
    path = tmp_path / "protector.tflite"
    path.write_bytes(b"not one")
    with pytest.raises(VerificationError, match=r"protector\.tflite cannot be run"):
        verify_protector_files(trained_protector(), {path.name: path}, images)
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
        verify_protector_files(trained_protector(), {}, wrong)
