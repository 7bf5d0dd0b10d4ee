import json
import shutil

import numpy as np
import pytest
from PIL import Image

FILES = [
    "config.json",
    "metrics.json",
    "report.html",
    "protector/saved_model.pb",
    "reference_classifier/saved_model.pb",
    "gate/saved_model.pb",
    "protector.tflite",
    "protector_fp16.tflite",
    "protector_int8.tflite",
    "protector_web.tflite",
]


@pytest.mark.parametrize("name", FILES)
def test_a_run_holds_what_others_rely_on(tiny_run, name):
    assert (tiny_run / name).stat().st_size > 0


def test_nothing_temporary_is_left(tiny_run):
    assert not [path for path in tiny_run.rglob(".*")]


def test_config_holds_what_is_needed_to_repeat_the_run(tiny_run):
    config = json.loads((tiny_run / "config.json").read_text())
    assert config["preset"] == "quick"
    assert config["seed"] == 0
    assert config["settings"]["generator_width"] == 4
    assert config["settings"]["gamma"][0] == -1.0
    assert config["dataset"]["name"] == "digits"
    assert config["dataset"]["train_images"] == 1497
    assert config["versions"]["tensorflow"].startswith("2.")


def test_the_report_says_where_the_time_went(tiny_run):
    seconds = json.loads((tiny_run / "logs/seconds.json").read_text())
    stages = ["reference classifier", "preliminary images", "transformation network"]
    assert list(seconds) == [*stages, "measuring", "export", "gate", "pictures"]
    page = (tiny_run / "report.html").read_text()
    for stage, took in seconds.items():
        row = page.split(f'<th scope="row">{stage.capitalize()}</th>')[1].split("</tr>")[0]
        assert f">{round(took['wall'], 1)}<" in row and f">{round(took['cpu'], 1)}<" in row


def test_figures_come_with_the_count_they_were_measured_on(tiny_run):
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    assert metrics["protector"]["test_images"] == 60
    assert metrics["protector"]["leakage"]["ssim"]["count"] == 60
    assert metrics["preliminary_images"]["images"] == 520
    assert metrics["transformation_network"]["pairs_seen"] == 48
    assert "second ReLU" in metrics["transformation_network"]["perceptual_features"]


def test_figures_are_those_of_the_files(tiny_run):
    """The recorded accuracy is that of what a client would upload."""
    from tfppdnn import load_protector
    from tfppdnn.datasets.digits import load_digits

    tf = pytest.importorskip("tensorflow")
    digits = load_digits()
    protected = load_protector(tiny_run / "protector", trust=True).protect(digits.test_images[:60])
    classifier = tf.saved_model.load(str(tiny_run / "reference_classifier"))
    answers = classifier.signatures["serving_default"](image=protected)
    accuracy = np.mean(answers["class_id"].numpy() == digits.test_labels[:60])
    metrics = json.loads((tiny_run / "metrics.json").read_text())
    assert metrics["protector"]["reference_accuracy_on_protected"] == pytest.approx(accuracy)


def test_pictures_show_every_stage(tiny_run):
    for name in ("grid", "large", "losses", "header"):
        with Image.open(tiny_run / f"figures/{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 5


def test_tensorboard_can_read_the_logs(tiny_run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(tiny_run / "logs/transformation_network"))
    events.Reload()
    assert "grid" in events.Tags()["tensors"]


def test_a_finished_run_does_nothing(tiny_run, tiny_settings, call):
    before = {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*")}
    code, figures, _ = call("train", f"--out={tiny_run}", *tiny_settings)
    assert code == 0
    assert figures["run"] == str(tiny_run)
    assert {path: path.stat().st_mtime_ns for path in tiny_run.rglob("*")} == before


@pytest.mark.parametrize(
    ("option", "named"),
    [("--iterations=3", "iterations: 2 there, 3 now"), ("--seed=1", "seed: 0 there, 1 now")],
)
def test_other_settings_in_the_same_folder_are_refused(
    tiny_run, tiny_settings, call, option, named
):
    code, _, error = call("train", f"--out={tiny_run}", *tiny_settings, option)
    assert code == 2
    assert named in error


def test_settings_of_later_stages_may_differ_on_a_finished_run(
    tiny_run, tiny_settings, tmp_path, call
):
    """They are what `classify` takes from the run, and nothing is trained again."""
    out = shutil.copytree(tiny_run, tmp_path / "run")
    code, figures, _ = call("train", f"--out={out}", *tiny_settings, "--classifier_epochs=3")
    assert (code, figures["run"]) == (0, str(out))
    settings = json.loads((out / "config.json").read_text())["settings"]
    before = json.loads((tiny_run / "config.json").read_text())["settings"]
    assert settings == {**before, "classifier_epochs": 3}
