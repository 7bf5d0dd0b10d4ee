"""Files that are not what was exported are refused, and programs run for those who ask for them."""

import shutil
import subprocess

import numpy as np
import pytest

from tfppdnn import Protector, presets
from tfppdnn.errors import UserError
from tfppdnn.exporting import run_folder as exporting
from tfppdnn.protector import shipped_digests
from tfppdnn.protector.digests import SUMS, check_digest, forget_digest, record_digest

PICTURE = np.zeros((8, 8, 3), np.uint8)


def flip(path, place=0.5):
    content = bytearray(path.read_bytes())
    content[int(len(content) * place)] ^= 1
    path.write_bytes(content)


@pytest.fixture
def run(tiny_run, tmp_path):
    return shutil.copytree(tiny_run, tmp_path / "run")


def test_sha256sum_reads_what_export_writes(run):
    done = subprocess.run(["sha256sum", "-c", SUMS], cwd=run, capture_output=True, text=True)
    assert done.returncode == 0
    assert "protector.tflite: OK" in done.stdout
    assert "protector/saved_model.pb: OK" in done.stdout


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("protector.tflite", ""),
        ("protector.tflite", "protector.tflite"),
        ("protector_int8.tflite", "protector_int8.tflite"),
        ("protector/variables/variables.data-00000-of-00001", "protector"),
    ],
)
def test_a_flipped_bit_is_named_before_anything_is_protected(run, file, name):
    Protector.from_preset(run / name, trust=True).protect(PICTURE)
    flip(run / file)
    with pytest.raises(UserError, match=r"is not what was exported") as refused:
        Protector.from_preset(run / name, trust=True)
    assert str(run / file) in str(refused.value)


def test_a_file_more_in_a_saved_model_is_another_one(run):
    (run / "protector/assets").mkdir(exist_ok=True)
    (run / "protector/assets/more.txt").write_text("more")
    with pytest.raises(UserError, match=r"more\.txt is not what was exported"):
        Protector.from_preset(run / "protector", trust=True)


def test_what_was_made_without_digests_is_taken(run):
    (run / SUMS).unlink()
    flip(run / "protector_fp16.tflite", 0.9)
    assert Protector.from_preset(run).protect(PICTURE).shape == PICTURE.shape


def test_what_was_saved_has_its_digests(run, tmp_path):
    Protector.from_preset(run).save(tmp_path / "saved")
    Protector.from_preset(tmp_path / "saved").protect(PICTURE)
    flip(tmp_path / "saved" / "protector.tflite")
    with pytest.raises(UserError, match="is not what was exported"):
        Protector.from_preset(tmp_path / "saved")


@pytest.mark.parametrize("file", ["protector_int8.tflite", "protector/saved_model.pb"])
def test_a_damaged_file_gets_no_new_digest(run, tmp_path, file):
    flip(run / file)
    with pytest.raises(UserError, match="is not what was exported"):
        Protector.from_preset(run).save(tmp_path / "saved")
    assert not (tmp_path / "saved").exists()


def test_a_network_that_was_exchanged_in_a_saved_folder_is_noticed(run, tmp_path):
    Protector.from_preset(run).save(tmp_path / "saved")
    flip(tmp_path / "saved/checkpoints/protector.keras")
    with pytest.raises(UserError, match=r"checkpoints/protector\.keras is not what was exported"):
        _ = Protector.from_preset(tmp_path / "saved").network


def test_a_saved_model_that_was_saved_alone_has_its_digests_inside(run, tmp_path):
    Protector.from_preset(run / "protector", trust=True).save(tmp_path / "saved")
    again = Protector.from_preset(tmp_path / "saved", trust=True)
    assert again.identity == Protector.named(run / "protector").identity
    flip(tmp_path / "saved/saved_model.pb")
    with pytest.raises(UserError, match=r"saved_model\.pb is not what was exported"):
        Protector.from_preset(tmp_path / "saved", trust=True)


def test_a_kill_while_a_file_is_replaced_leaves_one_that_loads(run):
    forget_digest(run, "protector.tflite")
    flip(run / "protector.tflite", 0.999)  # Another one took its place; its digest did not come.
    check_digest(run / "protector.tflite")
    check_digest(run / "protector_fp16.tflite")
    record_digest(run, "protector.tflite")
    assert "protector_fp16.tflite" in (run / SUMS).read_text()
    flip(run / "protector.tflite", 0.999)
    with pytest.raises(UserError):
        check_digest(run / "protector.tflite")


def test_a_digest_is_forgotten_before_its_file_is_replaced(run, monkeypatch):
    """However it is stopped in between: no new file stands beside an old digest."""

    def stopped(*_):
        assert "  protector/" not in (run / SUMS).read_text()
        raise KeyboardInterrupt

    monkeypatch.setattr(exporting, "export_protector", stopped)
    with pytest.raises(KeyboardInterrupt):
        exporting.export_all(None, run, images=PICTURE[None])


@pytest.mark.parametrize("name", ["cifar10", "photos"])
def test_shipped_files_are_those_that_the_code_names(name, monkeypatch, tmp_path):
    folder = next(one.card.parent for one in presets() if one.name == name)
    monkeypatch.setattr(shipped_digests, "_PACKAGE", tmp_path)
    files = [*folder.glob("*.tflite"), *folder.glob("*.keras")]
    assert len(files) >= 2
    for file in (path.name for path in files):
        copy = tmp_path / name / file
        copy.parent.mkdir(exist_ok=True)
        shutil.copyfile(folder / file, copy)
        shipped_digests.check_shipped(copy)
        flip(copy)
        with pytest.raises(UserError, match="install tfppdnn again"):
            shipped_digests.check_shipped(copy)


def test_a_changed_installation_is_refused_by_name_and_by_what_differentiates(monkeypatch):
    changed = dict.fromkeys(shipped_digests.DIGESTS, "0" * 64)
    monkeypatch.setattr(shipped_digests, "DIGESTS", changed)
    with pytest.raises(UserError, match="is not the file that tfppdnn ships"):
        Protector.from_preset("cifar10")
    with pytest.raises(UserError, match="is not the file that tfppdnn ships"):
        _ = Protector.named("cifar10").network


def test_a_saved_model_is_a_program_and_runs_only_if_it_is_trusted(tiny_run, call, tmp_path):
    saved = tiny_run / "protector"
    with pytest.raises(UserError, match=r"so a program.*--trust.*\.tflite or \.keras"):
        Protector.from_preset(saved)
    assert Protector.from_preset(saved, trust=True).protect(PICTURE).shape == PICTURE.shape
    for verb in (["audit"], ["classify", "--dataset=digits"]):
        code, _, said = call(*verb, f"--protector={saved}", f"--out={tmp_path / 'out'}")
        assert code == 2 and "--trust" in said and "Traceback" not in said
    from PIL import Image

    Image.fromarray(PICTURE).save(tmp_path / "picture.png")
    asked = ["protect", tmp_path / "picture.png", tmp_path / "made", f"--protector={saved}"]
    assert call(*asked)[0] == 2
    assert not (tmp_path / "made").exists()
    assert call(*asked, "--trust")[0] == 0
    assert (tmp_path / "made/picture.png").is_file()
