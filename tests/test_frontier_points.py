"""What a frontier would train, in which order, and where a run lies among it."""

import json
import re
import shutil

import numpy as np
import pytest

from tfppdnn.cli.frontier_sweeps import SWEEPS


@pytest.mark.parametrize(
    ("differing", "place"),
    [
        ({}, ("hardened", 0.25)),
        ({"classifier_epochs": 9, "perceptual_weights": "x.npz"}, ("hardened", 0.25)),
        ({"transform_steps": 9}, None),
        ({"reference_epochs": 9}, None),
        ({"objective": "cyclegan"}, None),
    ],
)
def test_a_run_lies_on_a_curve_if_only_its_weight_differs(differing, place):
    import dataclasses

    from tfppdnn.cli.frontier_sweeps import place_of
    from tfppdnn.protection.first_stages import SETTINGS
    from tfppdnn.settings import make_preset

    cpu = make_preset("cpu", {"reference_epochs": 3})
    hardened = dataclasses.asdict(make_preset("hardened", {"hiding_weight": 0.25}))
    same = {name: getattr(cpu, name) for name in SETTINGS}
    found = json.loads(json.dumps({**hardened, **same, **differing}))
    assert place_of(found, cpu, {"reference_epochs": 3}) == place


def test_objectives_share_their_first_stages():
    from tfppdnn.cli.frontier_sweeps import trainings
    from tfppdnn.protection.first_stages import SETTINGS
    from tfppdnn.settings import make_preset

    quick = make_preset("quick")
    for objective, sweep in SWEEPS.items():
        for value, options in trainings(objective, [0.25, 2.0], quick, {}):
            made = make_preset(options.pop("preset", "quick"), options)
            assert made.objective == objective
            assert all(getattr(made, name) == getattr(quick, name) for name in SETTINGS)
            assert value in np.ravel(getattr(made, sweep.setting))


@pytest.fixture
def trainings_of(call, monkeypatch, tmp_path):
    """From options of `frontier` to the calls of `train` it would make, by point, in order."""
    from tfppdnn.cli.frontier_points import Part

    def run(*options):
        made = {}

        def note(part):
            if part.verb.__name__ != "train":
                raise KeyboardInterrupt
            made[part.folder.name] = part.command(tmp_path / "out")

        monkeypatch.setattr(Part, "make", note)
        arguments = ["frontier", f"--out={tmp_path / 'out'}", "--rivals=", *options]
        code, _, errors = call(*arguments)
        assert code == 130, errors
        return {name: re.findall(r"--reuse=(\S+)", command) for name, command in made.items()}

    run("--objectives=")  # The folder is the frontier's, before points are laid into it.
    return run


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
    monkeypatch.setattr("tfppdnn.cli.frontier.check_reusable", lambda *_, **__: None)
    begun(tmp_path / "out", "cyclegan-1")
    made = trainings_of("--cyclegan_values=0.3,1", "--objectives=cyclegan", "--reuse=runs/mine")
    assert made == {"cyclegan-0.3": ["mine"], "cyclegan-1": ["mine"]}
    assert list(made) == ["cyclegan-0.3", "cyclegan-1"]
