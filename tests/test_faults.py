"""A few kills of each kind; `python -m tests.faults` makes as many as there is time for."""

import shutil

import pytest
from faults import stages
from faults.comparing import differences, results, torn
from faults.killing import Bench, Record
from faults.verbs import VERBS


@pytest.fixture(scope="module")
def bench(made_once, tiny_run, tmp_path_factory):
    """Starts from the tiny run, which is of the very size."""
    folder = tmp_path_factory.mktemp("faults")
    shutil.copytree(tiny_run, folder / "run")
    bench = Bench(folder, seed=1)
    bench.make_base(VERBS[0])
    return bench


def each(verbs, *, slow=None):
    """Verbs, of which one is for the gate."""
    tier = {True: pytest.mark.slow, False: pytest.mark.long}
    return [pytest.param(verb, id=verb.name, marks=tier[verb.name == slow]) for verb in verbs]


# What `train` goes through is also in test_train_resume.py.
@pytest.mark.parametrize("verb", each(VERBS[1:], slow="protect"))
def test_killed_at_random_it_ends_as_if_nobody_had(bench, verb):
    record = Record()
    bench.live(verb, 0, record, most=2 if verb.name in ("export", "protect") else 1)
    assert record.problems == []
    assert record.finished == 1


@pytest.mark.skipif(stages.MISSING is not None, reason=str(stages.MISSING))
@pytest.mark.parametrize("verb", each([verb for verb in VERBS if verb.name in stages.ACTS]))
def test_whatever_befalls_it_at_each_stage_it_says_so_and_loses_nothing(bench, verb):
    assert stages.befall(bench, verb, stages.FEW[verb.name]) == []


def test_the_few_are_of_all():
    for verb, acts in stages.FEW.items():
        assert set(acts) < set(stages.ACTS[verb])
        assert acts[-1].startswith("TERM:")


def test_what_differs_is_named(tmp_path):
    for name, figure in (("one", 1), ("other", 2)):
        (tmp_path / name / ".left").mkdir(parents=True)
        (tmp_path / name / "metrics.json").write_text(f'{{"a": {figure}, "seconds": {figure}}}')
        (tmp_path / name / f"{name}.tflite").write_bytes(b"same")
    (tmp_path / "one/.left").rmdir()
    one, other = results(tmp_path / "one"), results(tmp_path / "other")
    assert differences(one, one) == []
    assert differences(one, other) == [
        ".left is too much",
        "metrics.json differs",
        "one.tflite is missing",
        "other.tflite is too much",
    ]


def test_times_make_no_difference(tmp_path):
    for name in ("1", "2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "metrics.json").write_text(f'{{"a": {{"seconds": {name}}}}}')
    assert differences(results(tmp_path / "1"), results(tmp_path / "2")) == []


@pytest.mark.parametrize("name", ["figures.json", "picture.png", "weights.npz", "saved_model.pb"])
def test_half_a_file_is_torn(tmp_path, name):
    (tmp_path / name).write_bytes(b"\x89PNG half of it")
    assert [said.split(" is torn")[0] for said in torn(tmp_path)] == [name]
