import shutil
import subprocess
import sys
import zipfile

import numpy as np
import pytest

# Kills its own process, as `kill -9` would, just before checkpoint number `count` of a stage is
# written: what was trained since the one before is lost.
KILLED = """
import os, signal, sys
from tfppdnn.training.checkpoints import Checkpoints

stage, count = sys.argv[1], int(sys.argv[2])
save, saved = Checkpoints.save, []

def save_or_die(self, step, history):
    saved.append(self.directory.name)
    if saved.count(stage) == count:
        os.kill(os.getpid(), signal.SIGKILL)
    save(self, step, history)

Checkpoints.save = save_or_die
from tfppdnn.cli import main
sys.exit(main(sys.argv[3:]))
"""
KILLED_BY_SIGKILL = -9


def train(out, settings, *, stage="none", count=1):
    command = [sys.executable, "-c", KILLED, stage, str(count), "train", f"--out={out}", *settings]
    return subprocess.run(command, capture_output=True, text=True)


def arrays_of(run):
    """The weights in a .keras file, by name."""
    import h5py

    found = {}
    with (
        zipfile.ZipFile(run / "checkpoints/protector.keras") as archive,
        archive.open("model.weights.h5") as file,
        h5py.File(file) as weights,
    ):
        weights.visititems(
            lambda name, item: found.update({name: item[()]}) if hasattr(item, "shape") else None
        )
    return found


@pytest.fixture(scope="module")
def killed_run(tiny_run, tiny_settings, tmp_path_factory):
    out = tmp_path_factory.mktemp("killed") / "run"
    for stage in ("reference_classifier", "preliminary_images", "transformation_network"):
        killed = train(out, tiny_settings, stage=stage, count=2)
        assert killed.returncode == KILLED_BY_SIGKILL, killed.stderr
    finished = train(out, tiny_settings)
    assert finished.returncode == 0, finished.stderr
    return out


@pytest.mark.long
def test_killed_in_every_stage_ends_with_the_same_protector(tiny_run, killed_run):
    expected, found = arrays_of(tiny_run), arrays_of(killed_run)
    assert expected.keys() == found.keys()
    assert len(expected) > 10
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)


@pytest.mark.long
def test_killed_in_every_stage_ends_with_the_same_preliminary_images(tiny_run, killed_run):
    file = "checkpoints/preliminary_images/protected.npy"
    np.testing.assert_array_equal(np.load(killed_run / file), np.load(tiny_run / file))


@pytest.mark.long
def test_killed_in_every_stage_writes_the_same_file_for_phones(tiny_run, killed_run):
    from tfppdnn import load_protector

    images = np.random.default_rng(0).integers(0, 256, (4, 40, 24, 3), np.uint8)
    np.testing.assert_array_equal(
        load_protector(killed_run).protect(images), load_protector(tiny_run).protect(images)
    )


def test_a_truncated_checkpoint_is_named(tiny_run, tiny_settings, tmp_path, call):
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out, ignore=shutil.ignore_patterns("metrics.json"))
    checkpoint = max((out / "checkpoints/reference_classifier").glob("*.npz"))
    checkpoint.write_bytes(checkpoint.read_bytes()[:1000])
    code, _, error = call("train", f"--out={out}", *tiny_settings)
    assert code == 2
    assert f"checkpoint {checkpoint} is damaged; delete it" in error
    assert "Traceback" not in error


def test_preliminary_images_that_are_gone_are_not_taken_for_black_ones(
    tiny_run, tiny_settings, tmp_path, call
):
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out, ignore=shutil.ignore_patterns("metrics.json", "protected.npy"))
    code, _, error = call("train", f"--out={out}", *tiny_settings)
    assert code == 2
    assert "protected.npy is missing or damaged; delete" in error


@pytest.mark.slow
def test_a_finished_run_that_lost_an_export_gets_it_again(tiny_run, tiny_settings, tmp_path, call):
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out, ignore=shutil.ignore_patterns("protector"))
    code, _, _ = call("train", f"--out={out}", *tiny_settings)
    assert code == 0
    assert (out / "protector/saved_model.pb").is_file()


def test_a_finished_run_that_lost_an_export_for_good_is_named(
    tiny_run, tiny_settings, tmp_path, call
):
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out, ignore=shutil.ignore_patterns("protector", "protector.keras"))
    code, _, error = call("train", f"--out={out}", *tiny_settings)
    assert code == 2
    assert f"{out}: its training has finished, and its checkpoints are gone; put" in error


def test_an_unwritable_folder_is_named_before_anything_is_loaded(tiny_settings, tmp_path, call):
    (tmp_path / "file").write_text("")
    code, _, error = call("train", f"--out={tmp_path}/file/run", *tiny_settings)
    assert code == 2
    assert f"--out={tmp_path}/file/run: Not a directory; give another folder" in error
