"""What a frontier would train, in which order, and where a run lies among it."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tfppdnn.experiments.frontier_sweeps import SWEEPS, at_value, place_of, settings_of
from tfppdnn.settings import OF_STAGE, make_settings


@pytest.mark.parametrize(
    ("differing", "place"),
    [
        ({}, ("hardened", 0.25)),
        ({"classifier_epochs": 9, "steps_per_round": 9}, ("hardened", 0.25)),
        ({"transform_steps": 9}, None),
        ({"reference_epochs": 9}, None),
        ({"feature_weight": 9}, None),
    ],
)
def test_a_run_lies_on_a_curve_if_only_its_weight_differs(differing, place):
    options = {"reference_epochs": 3, "objective": "hardened", "hiding_weight": 0.25}
    found = make_settings("cpu", options).replaced(differing).options()
    assert place_of(json.loads(json.dumps(found)), "cpu", {"reference_epochs": 3}) == place


def test_objectives_share_their_first_stages():
    quick = make_settings("quick", {"iterations": 7})
    for objective, sweep in SWEEPS.items():
        settings = settings_of(objective, "quick", {"iterations": 7})
        for value in (0.25, 2.0):
            made = at_value(objective, settings, value)
            assert made.transformation.objective.name == objective
            groups = OF_STAGE["preliminary_images"]
            assert made.options(*groups) == quick.options(*groups)
            assert value in np.ravel(made.options()[sweep.setting])


@pytest.fixture
def trainings_of(call, monkeypatch, tmp_path):
    """From options of `frontier` to the runs that trainings start from, by point, in order."""
    out = tmp_path / "out"

    def run(*options):
        made = {}

        def note(dataset, *, out, reuse, **settings):
            made[out.name] = [_seen_from(out.parent.parent, reuse)] if reuse else []

        def stop(*arguments, **settings):
            raise KeyboardInterrupt

        # What a part would call.
        monkeypatch.setattr("tfppdnn.protection.pipeline.train", note)
        monkeypatch.setattr("tfppdnn.classification.fit.fit_classifier", stop)
        code, _, errors = call("frontier", f"--out={out}", "--rivals=", *options)
        assert code == 130, errors
        return made

    run("--objectives=")  # The folder is the frontier's, before points are laid into it.
    return run


def _seen_from(folder, path):
    path = Path(path)
    return str(path.relative_to(folder)) if path.is_relative_to(folder) else path.name


def begun(out, name, *, reused=None, finished=True, trained=False):
    """A point as a frontier leaves it."""
    from tfppdnn.protection.first_stages import STAGES

    folder = out / "points" / name
    metrics = {stage: {} for stage in STAGES if finished}
    metrics |= {"reused": {"run": reused}} if reused else {}
    metrics |= {"train": {}} if trained else {}
    for stage in STAGES:
        (folder / "checkpoints" / stage).mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(metrics))
    return folder


def test_first_stages_are_made_by_the_first_point(trainings_of):
    made = trainings_of("--cyclegan_values=0.3,1", "--hardened_values=2")
    first = ["points/cyclegan-0.3"]
    assert made == {"cyclegan-0.3": [], "cyclegan-1": first, "hardened-2": first}


def test_a_value_that_is_added_in_front_starts_from_stages_that_are_there(trainings_of, tmp_path):
    begun(tmp_path / "out", "cyclegan-1")
    made = trainings_of("--cyclegan_values=0.3,1,3", "--objectives=cyclegan")
    # Their commands are to be given in this order.
    assert list(made) == ["cyclegan-1", "cyclegan-0.3", "cyclegan-3"]
    assert made["cyclegan-1"] == []
    assert made["cyclegan-0.3"] == made["cyclegan-3"] == ["points/cyclegan-1"]


def test_a_point_that_was_begun_says_whose_stages_it_has(trainings_of, tmp_path):
    out = tmp_path / "out"
    begun(out, "cyclegan-0.3", reused="cyclegan-1")
    begun(out, "cyclegan-1", reused="elsewhere", trained=True)
    begun(out, "cyclegan-3", finished=False)
    made = trainings_of("--cyclegan_values=0.3,1,3,5", "--objectives=cyclegan")
    assert made == {
        "cyclegan-1": ["elsewhere"],
        "cyclegan-0.3": ["points/cyclegan-1"],
        "cyclegan-3": [],
        "cyclegan-5": ["points/cyclegan-1"],
    }
    assert list(made).index("cyclegan-1") < list(made).index("cyclegan-0.3")


def test_points_without_their_checkpoints_are_not_reused(trainings_of, tmp_path):
    folder = begun(tmp_path / "out", "cyclegan-1", reused="elsewhere", trained=True)
    shutil.rmtree(folder / "checkpoints")
    made = trainings_of("--cyclegan_values=1,3,5", "--objectives=cyclegan")
    assert made == {
        "cyclegan-1": ["elsewhere"],
        "cyclegan-3": [],
        "cyclegan-5": ["points/cyclegan-3"],
    }


def test_a_run_that_is_named_is_what_all_start_from(trainings_of, tmp_path, monkeypatch):
    monkeypatch.setattr("tfppdnn.experiments.frontier.check_reusable", lambda *_, **__: None)
    begun(tmp_path / "out", "cyclegan-1")
    made = trainings_of("--cyclegan_values=0.3,1", "--objectives=cyclegan", "--reuse=runs/mine")
    assert made == {"cyclegan-0.3": ["mine"], "cyclegan-1": ["mine"]}
    assert list(made) == ["cyclegan-0.3", "cyclegan-1"]
