import json

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


def assert_figures(figures, folder, *, full_integer):
    assert {path.name for path in folder.iterdir()} - {"SHA256SUMS"} == FILES == set(figures)
    for name in FILES - {"protector_int8.tflite"}:
        assert figures[name]["max_difference"] <= 1
        assert figures[name]["share_differing"] <= 0.001
    assert figures["protector_int8.tflite"]["full_integer"] == full_integer
    for name in FILES - {"protector"}:
        assert figures[name]["bytes"] == (folder / name).stat().st_size


@pytest.mark.slow  # The tiny run has all files, too.
def test_everything_is_written_and_measured(exported, images):
    figures, out, err = json.loads((exported / "said.json").read_text())
    assert out == ""
    assert "export: 5 files in " in err
    assert [line for line in err.splitlines() if line.strip() and "export:" not in line] == []

    assert_figures(figures, exported / "run", full_integer=False)
    int8, seen = figures["protector_int8.tflite"], np.load(exported / "seen.npy")
    assert (int8["accuracy_of_float"], int8["accuracy"]) == (0.75, 0.5)
    expected = protected_by_hand(trained_protector(), images)
    np.testing.assert_allclose(seen[0].astype(int), expected, atol=1)
    assert np.array_equal(
        seen[1], tflite_runner(exported / "run" / "protector_int8.tflite")(images)
    )


@pytest.mark.long
def test_everything_is_written_of_a_network_of_batch_normalization(images, tmp_path):
    figures = export_all(trained_protector("batch"), tmp_path / "run", images=images)
    assert_figures(figures, tmp_path / "run", full_integer=True)


@pytest.mark.slow
def test_a_refused_file_leaves_the_earlier_one(exported, images, tmp_path, monkeypatch):
    for name in ("protector.tflite", "protector_web.tflite"):
        (tmp_path / name).write_bytes(b"earlier")
    stranger = trained_protector(seed=1)
    monkeypatch.setattr(run_folder, "float32_tflite", lambda _: tflite.float32_tflite(stranger))
    # The others were made of this very network, and take seconds each.
    for name, kind in (
        ("float16_tflite", "fp16"),
        ("int8_tflite", "int8"),
        ("web_tflite", "web"),
    ):
        content = (exported / "run" / f"protector_{kind}.tflite").read_bytes()
        monkeypatch.setattr(run_folder, name, lambda *_, content=content, **__: content)

    with pytest.raises(UserError, match=r"^protector\.tflite differs") as refusal:
        export_all(trained_protector(), tmp_path, images=images)

    assert (tmp_path / "protector.tflite").read_bytes() == b"earlier"
    assert (tmp_path / "protector_web.tflite").read_bytes() != b"earlier"
    assert {path.name for path in tmp_path.iterdir()} == FILES | {"SHA256SUMS"}
    assert refusal.value.figures["protector.tflite"]["max_difference"] > 1
