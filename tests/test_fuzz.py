"""A little of each target; `python -m tests.fuzz` runs as many cases as there is time for."""

import json
import random
import shutil

import pytest
from fuzz.mutating import damaged_bytes, damaged_json
from fuzz.targets import TARGETS
from fuzz.watching import Watch

_CASES = {"images": 200, "rest": 60, "grpc": 60, "calls": 12, "configs": 25, "models": 15}


@pytest.fixture(scope="module")
def base(made_once, classified_run):
    """The tiny run with its classifier, an audit of it, and pictures."""
    from faults.verbs import AUDIT_OPTIONS, write_photos

    from tfppdnn.cli import main

    def make(folder):
        folder.mkdir()
        shutil.copytree(classified_run, folder / "run")
        write_photos(folder / "photos")
        places = [f"--protector={folder / 'run'}", f"--out={folder / 'audit'}"]
        assert main(["audit", *places, *AUDIT_OPTIONS]) == 0

    return made_once("fuzz", make)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rest", "grpc"])
def test_what_is_sent_is_refused_in_a_line(base, tmp_path, name):
    """In this process, which has imported already what takes seconds to import."""
    target, became = TARGETS[name](), set()
    target.prepare(base, tmp_path)
    try:
        for number in range(_CASES[name]):
            outcome = target.run(target.case(random.Random(f"1 {name} {number}")))
            assert outcome.wrong is None, number
            became.add(outcome.became)
        assert target.check().became == "answered"
    finally:
        target.close()
    assert len(became) > 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("images", marks=pytest.mark.slow),
        pytest.param("calls", marks=pytest.mark.long),
        pytest.param("configs", marks=pytest.mark.long),
        pytest.param("models", marks=pytest.mark.slow),
    ],
)
def test_what_is_damaged_is_refused_in_a_line(base, name):
    record = Watch(name, 1, base).run(0, _CASES[name])
    assert record.problems == {}
    assert record.cases == _CASES[name]
    assert len(record.became) > 1  # Some damage does no harm, and some is refused.


@pytest.mark.slow
def test_what_breaks_is_told_kept_and_repeated(tmp_path, monkeypatch):
    (tmp_path / "marks").mkdir()
    monkeypatch.setenv("TFPPDNN_FUZZ_BROKEN", str(tmp_path / "marks"))
    watch = Watch("broken", 5, tmp_path, patience=5)
    held = b"1" * 2**28  # Which is this process's, and not the worker's.
    problems = watch.run(0, 5).problems
    assert 0 < watch.record.peak < len(held)
    assert sorted(problems) == [1, 2, 3]
    assert "ValueError: as it must" in problems[1]
    assert problems[2] == "ends the process (-9)"
    assert problems[3] == "hangs"
    assert watch.record.became["right"] == 2
    watch.keep(tmp_path / "kept")
    for number in problems:
        kept = tmp_path / f"kept/broken-5-{number}"
        said = (kept / "what.txt").read_text()
        assert said.startswith(f"python -m tests.fuzz --targets=broken --seed=5 --only={number}\n")
        assert (kept / "bytes").read_bytes() == random.Random(f"5 broken {number}").randbytes(8)


def test_damage_follows_from_the_seed_alone():
    content = {"one": [1, 2, {"three": None}], "four": "5" * 40}
    for seed in range(50):
        files = [damaged_bytes(random.Random(seed), b"a" * 100, [b"b" * 50]) for _ in range(2)]
        assert files[0] == files[1]
        damaged = [damaged_json(random.Random(seed), content) for _ in range(2)]
        assert damaged[0] == damaged[1]
    assert content == {"one": [1, 2, {"three": None}], "four": "5" * 40}


def test_damaged_json_is_json():
    found = set()
    for seed in range(200):
        made = damaged_json(random.Random(seed), {"one": [1, 2], "two": {"three": "four"}})
        found.add(made)
        text = made.decode()
        if "[" * 99 not in text and "9" * 99 not in text:  # Which Python refuses by itself.
            json.loads(text)
    assert len(found) > 100
