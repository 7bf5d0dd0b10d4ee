"""`train --reuse`: the first two stages of another run, instead of training them again."""

import json
import shutil

import numpy as np
import pytest

from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import PhotoSettings

# What the README's command leaves out: it makes runs and audits of its own.
pytestmark = pytest.mark.slow

STAGES = ("reference_classifier", "preliminary_images")


@pytest.fixture(scope="module")
def reusing(tiny_run, tiny_settings, tmp_path_factory):
    """A run with another loss up to its exports, and the stages whose training it saved."""
    from tfppdnn.cli import main
    from tfppdnn.training.checkpoints import Checkpoints

    out = tmp_path_factory.mktemp("reusing") / "run"
    saved, save = [], Checkpoints.save

    def stop(*arguments):
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            Checkpoints,
            "save",
            lambda self, step, history: (
                saved.append(self.directory.name),
                save(self, step, history),
            ),
        )
        call = ["train", f"--out={out}", f"--reuse={tiny_run}", *tiny_settings, "--lambda_=1"]
        patch.setattr("tfppdnn.protection.stages.export_protector", stop)
        patch.setattr("tfppdnn.protection.stages.make_pictures", lambda *_, **__: None)
        for name in ("draw_figures", "write_report"):
            patch.setattr(f"tfppdnn.protection.stages.{name}", lambda *_: None)
        assert main(call) == 130
    return out, saved


def test_the_first_stages_are_not_trained_again(reusing):
    _, saved = reusing
    assert "transformation_network" in saved
    assert not set(saved) & set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_they_are_those_of_the_other_run(reusing, tiny_run, stage):
    out, _ = reusing
    files = sorted(path.name for path in (tiny_run / "checkpoints" / stage).iterdir())
    assert files
    for name in files:
        copied = np.load(out / "checkpoints" / stage / name)
        original = np.load(tiny_run / "checkpoints" / stage / name)
        if name.endswith(".npz"):
            assert copied.files == original.files
            for key in original.files:
                np.testing.assert_array_equal(copied[key], original[key])
        else:
            np.testing.assert_array_equal(copied, original)


def test_the_run_says_whose_they_are_and_measures_them_itself(reusing, tiny_run):
    out, _ = reusing
    metrics, of_the_other = RunFolder(out).metrics(), RunFolder(tiny_run).metrics()
    assert metrics["reused"] == {"run": tiny_run.name, "stages": list(STAGES)}
    for stage in STAGES:
        assert metrics[stage] == of_the_other[stage]
    # What follows is its own.
    assert metrics["transformation_network"] != of_the_other["transformation_network"]


def test_a_run_that_was_begun_keeps_its_own(tiny_run, tiny_settings, tmp_path, call, monkeypatch):
    out = tmp_path / "run"
    shutil.copytree(tiny_run, out, ignore=shutil.ignore_patterns("metrics.json"))
    before = sorted(path.name for path in out.rglob("*"))

    def stop(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.protection.stages.make_run", stop)
    # Nothing to reuse there any more, and nothing is needed.
    code, _, _ = call("train", f"--out={out}", f"--reuse={tmp_path / 'gone'}", *tiny_settings)
    assert code == 130
    assert sorted(path.name for path in out.rglob("*")) == before


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("--reference_epochs=2", "made with --reference_epochs=1, now it is 2"),
        ("--iterations=3", "made with --iterations=2, now it is 3"),
        ("--mixed_precision", "made with --mixed_precision=False, now it is True"),
        ("--seed=4", "made with --seed=0, now it is 4"),
    ],
)
def test_other_settings_are_refused_before_anything_is_written(
    tiny_run, tiny_settings, tmp_path, call, setting, said
):
    out = tmp_path / "run"
    code, _, errors = call("train", f"--out={out}", f"--reuse={tiny_run}", *tiny_settings, setting)
    assert code == 2
    last = errors.strip().splitlines()[-1]
    assert last.startswith(f"tfppdnn train: --reuse={tiny_run}: {said}")
    assert not (out / "config.json").exists()


def changed(run, folder, **files):
    """A copy of a run's records, changed: what --reuse looks at first."""
    folder.mkdir()
    for name in ("config", "metrics"):
        content = json.loads((run / f"{name}.json").read_text())
        files.get(name, lambda content: None)(content)
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (
            {"config": lambda config: config["dataset"].update(train_images=7)},
            "made from another data set (train_images: 7 there, 1497 now)",
        ),
        (
            {"metrics": lambda metrics: metrics.pop("preliminary_images")},
            "holds no finished preliminary images",
        ),
    ],
)
def test_other_data_and_unfinished_stages_are_refused(
    tiny_run, tiny_settings, tmp_path, call, files, said
):
    other = changed(tiny_run, tmp_path / "other", **files)
    (other / "checkpoints").symlink_to(tiny_run / "checkpoints")
    out = tmp_path / "run"
    code, _, errors = call("train", f"--out={out}", f"--reuse={other}", *tiny_settings)
    assert code == 2
    assert f"--reuse={other}: {said}" in errors.strip().splitlines()[-1]
    assert not (out / "config.json").exists()


def test_a_run_for_photographs_is_refused(tiny_run, tiny_settings, tmp_path, call):
    def of_photos(config):
        config["settings"] = PhotoSettings().options()

    other = changed(tiny_run, tmp_path / "other", config=of_photos)
    out = tmp_path / "run"
    code, _, errors = call("train", f"--out={out}", f"--reuse={other}", *tiny_settings)
    assert code == 2
    last = errors.strip().splitlines()[-1]
    assert f"--reuse={other}: made with --preset=photos, which has no stages" in last
    assert not (out / "config.json").exists()


def test_published_records_without_checkpoints_are_refused(tiny_run, tiny_settings, tmp_path, call):
    other = changed(tiny_run, tmp_path / "other")
    stage = STAGES[0]
    shutil.copytree(tiny_run / "checkpoints" / stage, other / "checkpoints" / stage)
    out = tmp_path / "run"
    code, _, errors = call("train", f"--out={out}", f"--reuse={other}", *tiny_settings)
    assert code == 2
    said = f"--reuse={other}: holds no finished preliminary images"
    assert said in errors.strip().splitlines()[-1]
    assert not (out / "config.json").exists()


def test_a_copy_that_fails_leaves_neither_stage(
    tiny_run, tiny_settings, tmp_path, call, monkeypatch
):
    copy = shutil.copytree

    def fail_at_the_second(source, destination):
        if source.name == STAGES[1]:
            raise OSError(28, "No space left on device")
        return copy(source, destination)

    monkeypatch.setattr("tfppdnn.protection.first_stages.shutil.copytree", fail_at_the_second)
    out = tmp_path / "run"
    code, _, errors = call("train", f"--out={out}", f"--reuse={tiny_run}", *tiny_settings)
    assert code == 2
    assert "No space left" in errors
    assert not (out / "checkpoints").exists()
