"""Files of a run that somebody has damaged, and that are valid JSON all the same."""

import copy
import json

import pytest

from tfppdnn.audit.folder import AuditRecord, audit_folder
from tfppdnn.audit.report import AuditReport
from tfppdnn.errors import UserError
from tfppdnn.run_folder import RunFolder
from tfppdnn.run_record import read_record
from tfppdnn.timing import seconds_of

CONFIG = {
    "verb": "train",
    "preset": "quick",
    "settings": {"image_size": 32, "gamma": [-1.0, 1.0, 0.9], "pool_size": 16},
    "dataset": {"name": "digits", "image_size": 32, "classes": 10},
    "seed": 0,
}
INTERVAL = {"mean": 0.5, "low": 0.4, "high": 0.6, "count": 8}
METRICS = {
    "reference_classifier": {"test_accuracy": 0.9, "history": [{"step": 2, "loss": 1.5}]},
    "protector": {
        "test_images": 8,
        "reference_accuracy_on_protected": 0.9,
        "reference_accuracy_on_plain": 0.8,
        "leakage": {"ssim": INTERVAL},
    },
    "train": {"test_images": 8},
    "classify": {"protected": {"test_accuracy": 0.9, "test_images": 8}},
}
AUDIT = {
    "protected": {"name": "blur", "images": 8, "leakage": {"ssim": INTERVAL}},
    "attacks": {
        "itn": {
            "threat_model": "the protector itself",
            "status": "worked",
            "finding": "It works.",
            "leakage": {"ssim": INTERVAL, "reidentification": INTERVAL},
        }
    },
}
GONE = object()


def damaged(content, place, value):
    """A copy with another value in a place, or without it."""
    content = copy.deepcopy(content)
    *parents, last = place
    inside = content
    for name in parents:
        inside = inside[name]
    if value is GONE:
        del inside[last]
    else:
        inside[last] = value
    return content


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["dataset"], {}, "dataset.name is missing"),
        (["dataset"], [], "dataset should be a valid dictionary"),
        (["dataset", "name"], 5, "dataset.name should be a valid string"),
        (["dataset", "classes"], 0, "dataset.classes should be greater than or equal to 1"),
        (["settings"], GONE, "settings is missing"),
        (["settings", "image_size"], "32", "--image_size=32: expected a whole number"),
        (["settings", "gamma"], 1, "--gamma=1: expected three numbers"),
        (["settings", "pool_size"], "many", "--pool_size=many: expected a whole number"),
        (["settings", "objective"], ["a"], "must be cyclegan or hardened"),
        (["seed"], True, "seed should be a valid integer"),
        (["seed"], -1, "seed should be greater than or equal to 0"),
        (["preset"], "huge", "there is no preset huge"),
        (["data_dir"], {}, "data_dir should be a valid string"),
    ],
)
def test_a_configuration(tmp_path, place, value, said):
    path = write(tmp_path / "config.json", damaged(CONFIG, place, value))
    with pytest.raises(UserError) as refused:
        RunFolder(tmp_path).config()
    assert str(refused.value).startswith(f"{path} is damaged: ")
    assert said in str(refused.value)
    assert str(refused.value).endswith(f"restore it, or delete {tmp_path} to begin again")


@pytest.mark.parametrize("place", [["dataset", "name"], ["\ud800"]])
def test_half_a_character(tmp_path, place):
    path = write(tmp_path / "config.json", damaged(CONFIG, place, "\ud800"))
    with pytest.raises(UserError) as refused:
        RunFolder(tmp_path).config()
    assert str(refused.value).startswith(f"{path} is not valid JSON")


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["classify"], 0.9, "classify should be a valid dictionary;"),
        (["classify", "protected"], {}, "classify.protected.test_accuracy is missing"),
        (["classify", "protected", "test_accuracy"], 2, "less than or equal to 1"),
        (["train"], None, "train should be a valid dictionary"),
        (["protector", "test_images"], GONE, "protector.test_images is missing"),
        (["protector", "leakage", "ssim", "low"], GONE, "protector.leakage.ssim.low is missing"),
        (["protector", "leakage", "ssim", "low"], float("nan"), "should be a finite number"),
        (["protector", "leakage", "ssim", "more"], 1, "protector.leakage.ssim.more"),
        (["reference_classifier", "history", 0, "step"], "2", "should be a valid integer"),
        (["reference_classifier", "history", 0, "loss"], {}, "should be a valid number"),
        (["a_stage_of_tomorrow"], 1, "a_stage_of_tomorrow should be a valid dictionary"),
    ],
)
def test_metrics(tmp_path, place, value, said):
    run = RunFolder(tmp_path)
    write(tmp_path / "metrics.json", METRICS)
    assert run.metrics() == METRICS
    path = write(tmp_path / "metrics.json", damaged(METRICS, place, value))
    with pytest.raises(UserError) as refused:
        run.metrics()
    assert str(refused.value).startswith(f"{path} is damaged: ")
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        (["protected", "leakage"], None, "protected.leakage should be a valid dictionary"),
        (["protected", "code"], {"bits": -1, "crowd": 9}, "protected.code.bits should be"),
        (["attacks", "itn", "threat_model"], "omniscient", "there is no threat model omniscient"),
        (["attacks", "itn", "status"], GONE, "attacks.itn.status is missing"),
        (["attacks", "itn", "leakage"], {}, "leakage holds no figure"),
        (["attacks", "itn", "guessed"], {"colour": 1}, "attacks.itn.guessed.colour should be"),
        (["attacks", "itn", "membership"], {"ssim": INTERVAL}, "membership holds no figure"),
        (["attacks", "itn", "leakage"], {"ssim": INTERVAL}, "reidentification is missing"),
    ],
)
def test_an_audit(tmp_path, place, value, said):
    write(tmp_path / "config.json", {**CONFIG, "verb": "audit"})
    write(tmp_path / "audit.json", AUDIT)
    assert read_record(tmp_path / "audit.json", AuditRecord) == AUDIT
    assert "itn" in AuditReport.load(tmp_path).to_html()
    write(tmp_path / "audit.json", damaged(AUDIT, place, value))
    report = {"config": CONFIG, "audit": damaged(AUDIT, place, value)}
    saved = write(tmp_path / "saved.json", report)
    with pytest.raises(UserError) as refused:
        audit_folder(tmp_path).metrics()
    assert said in str(refused.value)
    with pytest.raises(UserError) as refused:
        AuditReport.load(saved)
    # Which is no folder of ours, and may lie among somebody's files.
    assert str(refused.value).startswith(f"{saved} is damaged")
    assert "delete" not in str(refused.value)


def test_seconds(tmp_path):
    write(tmp_path / "seconds.json", {"train": {"wall": "1", "cpu": 2.0}})
    with pytest.raises(UserError, match=r"train\.wall should be a valid number"):
        seconds_of(tmp_path)


@pytest.mark.parametrize(
    "verb",
    [
        ["train", "--out={run}"],
        ["classify", "--protector={run}"],
        ["audit", "--protector={run}"],
        ["export", "{run}"],
        ["table1", "--protector={run}"],
        ["frontier", "--objectives=", "--rivals=", "--protectors={run}", "--out={run}/frontier"],
    ],
    ids=lambda verb: verb[0],
)
def test_every_verb_names_the_file(tmp_path, call, verb):
    path = write(tmp_path / "run/config.json", damaged(CONFIG, ["dataset"], {}))
    (tmp_path / "run/protector.tflite").write_bytes(b"")
    code, _, said = call(*(word.format(run=tmp_path / "run") for word in verb))
    assert code == 2
    said = [line for line in said.splitlines() if "is damaged" in line]
    assert len(said) == 1
    assert f"{path} is damaged: dataset.name is missing" in said[0]
