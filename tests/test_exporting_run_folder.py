from functools import partial

import numpy as np
import pytest
from exporting_samples import FILES, digits_and_photographs, protected_by_hand, trained_protector

from tfppdnn.errors import UserError
from tfppdnn.exporting import run_folder, tflite
from tfppdnn.exporting.run_folder import export_all
from tfppdnn.exporting.runners import tflite_runner


@pytest.fixture(scope="module")
def images():
    return digits_and_photographs()


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_everything_is_written_and_measured(norm, images, tmp_path, capfd):
    model = trained_protector(norm)
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


def test_a_refused_file_leaves_the_earlier_one(images, tmp_path, monkeypatch):
    for name in ("protector.tflite", "protector_web.tflite"):
        (tmp_path / name).write_bytes(b"earlier")
    stranger = trained_protector(seed=1)
    web = partial(tflite.web_tflite, sizes=(32,))
    monkeypatch.setattr(run_folder, "float32_tflite", lambda _: tflite.float32_tflite(stranger))
    monkeypatch.setattr(run_folder, "web_tflite", web)

    with pytest.raises(UserError, match=r"^protector\.tflite differs") as refusal:
        export_all(trained_protector(), tmp_path, images=images)

    assert (tmp_path / "protector.tflite").read_bytes() == b"earlier"
    assert (tmp_path / "protector_web.tflite").read_bytes() != b"earlier"
    # The float16 file is made of the float32 one, and is refused with it.
    assert {path.name for path in tmp_path.iterdir()} == FILES - {"protector_fp16.tflite"}
    assert refusal.value.figures["protector.tflite"]["max_difference"] > 1
