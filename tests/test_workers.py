"""Who is who among several workers, and what each takes."""

import json

import numpy as np
import pytest

from tfppdnn import workers
from tfppdnn.datasets.batches import image_batches
from tfppdnn.errors import UserError
from tfppdnn.ownership import owned
from tfppdnn.workers import ALONE, Place, place_in


def config(cluster, job="worker", index=0):
    return json.dumps({"cluster": cluster, "task": {"type": job, "index": index}})


THREE = {"worker": ["a:1", "b:1", "10.0.0.3:2222"]}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (None, ALONE),
        ("", ALONE),
        (config(THREE, index=2), Place(2, 3)),
        (config({"chief": ["c:1"], **THREE}, "chief"), Place(0, 4)),
        (config({"chief": ["c:1"], **THREE}, index=2), Place(3, 4)),
        (config({"worker": ["a:1"]}), ALONE),
    ],
)
def test_tf_config_says_who_is_who(text, place):
    assert place_in(text) == place


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "{ is not of that form"),
        ("[]", "not of that form"),
        ('{"cluster": {"worker": ["a:1"]}}', "not of that form"),
        (config(THREE, index=3), "task names worker 3, of which cluster has 3"),
        (config(THREE, index=-1), "task names worker -1"),
        (config(THREE, index="0"), "task names worker 0"),
        (config(THREE, "chief"), "task names chief 0, of which cluster has 0"),
        (config(THREE, ["worker"]), "of which cluster has 0"),
        (config({"ps": ["a:1"]}, "ps"), "cluster holds other than"),
        (config({"worker": ["a"]}), "cluster holds other than"),
        (config({"worker": "a:1"}), "cluster holds other than"),
        (config({"worker": [7]}), "cluster holds other than"),
        (config([]), "cluster holds other than"),
        (config({"chief": ["a:1", "b:1"], "worker": []}, "chief"), "more than one chief"),
        (config({"worker": ["a:1", "a:1"]}), "stands there twice"),
    ],
)
def test_another_tf_config_is_refused(text, why):
    with pytest.raises(UserError, match="TF_CONFIG must be like") as refusal:
        place_in(text)
    assert why in str(refusal.value)


@pytest.mark.parametrize("verb", [["train"], ["classify", "--plain"]])
def test_a_malformed_tf_config_is_one_line_and_code_2(call, monkeypatch, tmp_path, verb):
    monkeypatch.setenv("TF_CONFIG", "worker 1")
    code, _, said = call(*verb, f"--out={tmp_path / 'run'}")
    assert code == 2
    assert "TF_CONFIG must be like" in said.splitlines()[-1]
    assert "Traceback" not in said
    assert not (tmp_path / "run").exists()


def taking_part(monkeypatch, index, count=2):
    addresses = [f"127.0.0.1:{1 + each}" for each in range(count)]
    monkeypatch.setenv("TF_CONFIG", config({"worker": addresses}, index=index))
    return workers.taking_part()


def test_workers_need_a_folder(monkeypatch):
    from tfppdnn import train

    monkeypatch.setenv("TF_CONFIG", config(THREE))
    with pytest.raises(UserError, match="out is missing"):
        train("digits")


def test_the_parts_of_a_batch_make_the_batch_of_one(monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(256, size=(20, 8, 8, 3), dtype=np.uint8)
    wanted = {"batch_size": 6, "first_step": 2, "steps": 3, "seed": 1}

    def batches(part):
        return list(image_batches(images, np.arange(20), part=part, **wanted).as_numpy_iterator())

    assert workers.part_of(6, option="batch_size") is None
    parts = []
    for index in range(3):
        with taking_part(monkeypatch, index, count=3):
            parts.append(workers.part_of(6, option="batch_size"))
    of_workers = [batches(part) for part in parts]
    for step, (x, y) in enumerate(batches(None)):
        np.testing.assert_array_equal(np.concatenate([each[step][0] for each in of_workers]), x)
        np.testing.assert_array_equal(np.concatenate([each[step][1] for each in of_workers]), y)


def test_a_batch_that_cannot_be_divided_is_refused(monkeypatch):
    with (
        taking_part(monkeypatch, 1),
        pytest.raises(UserError, match=r"--transform_batch_size: batches of 7 .* multiple of 2"),
    ):
        workers.part_of(7, option="transform_batch_size")


def test_the_chief_has_the_folder_for_all(monkeypatch, tmp_path):
    with taking_part(monkeypatch, 0), owned(tmp_path):
        assert workers.is_chief()
        with taking_part(monkeypatch, 1), owned(tmp_path), owned(tmp_path / "new"):
            assert not workers.is_chief()
            assert not (tmp_path / "new").exists()
        with pytest.raises(UserError, match="in use"), owned(tmp_path):
            pass
    assert workers.here() == ALONE


def test_who_is_alone_has_all_that_there_is():
    values = [np.float32(3)]
    with workers.telling():
        assert not workers.is_telling()
        assert workers.averaged(*values) == values
        assert workers.gathered(values) is values
        assert workers.own_rows(values) is values
        assert workers.drawn(list, (1, 2)) == [1, 2]
        assert workers.each_a_part(max, 1, 2) == 2
    assert workers.told(7) == [7]
    assert workers.chief_first(lambda: "made") == "made"
