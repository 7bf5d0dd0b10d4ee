"""`frontier` as a user meets it, at the smallest size."""

import json
import re
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

from tfppdnn.reporting.frontier import frontier_table
from tfppdnn.runs import RunFolder

TINY_AUDIT = [
    "--attacker_images=64",
    "--held_out_images=12",
    "--attempts=1",
    "--itn_epochs=1",
    "--itn_width=2",
    "--itn_depth=2",
    "--itn_global_epochs=1",
    "--itn_global_width=2",
    "--itn_global_waist=4",
]
NAMES = ["plain", "cyclegan-0.5", "tiny"]


@pytest.fixture(scope="module")
def drawn(tiny_run, tiny_settings, tmp_path_factory):
    """A frontier stopped before its second attack, which went on with a further protector.

    Its folder, the call that finished it, and when the parts of the stopped one were written.
    """
    from tfppdnn.audit import auditor
    from tfppdnn.cli import main

    out = tmp_path_factory.mktemp("frontiers") / "all"
    call = ["frontier", f"--out={out}", f"--reuse={tiny_run}", "--objectives=cyclegan"]
    call += ["--cyclegan_values=0.5", "--rivals=", *tiny_settings, *TINY_AUDIT]

    def stop(run, *arguments, **settings):
        if run.path.name == "cyclegan-0.5":
            raise KeyboardInterrupt
        make_attacks(run, *arguments, **settings)

    make_attacks = auditor.audit
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auditor, "audit", stop)
        assert main(call) == 130
    assert not (out / "frontier.json").exists()
    stopped = written(out)
    call.append(f"--protectors={tiny_run}")
    assert main(call) == 0
    return out, call, stopped


def written(out):
    """When each part last recorded a figure, by where it did."""
    files = [*out.glob("*/*/metrics.json"), *out.glob("*/*/audit.json")]
    return {file.relative_to(out).as_posix(): file.stat().st_mtime_ns for file in files}


def points_of(out):
    return json.loads((out / "frontier.json").read_text())["frontier"]["points"]


def test_every_point_has_the_figures_of_its_parts(drawn):
    out, _, _ = drawn
    points = points_of(out)

    assert [point["name"] for point in points] == NAMES
    assert [point["kind"] for point in points] == ["baseline", "objective", "objective"]
    # A run that is there lies on its objective's curve, by its own weight.
    assert [point["objective"] for point in points] == [None, "cyclegan", "cyclegan"]
    assert [point["value"] for point in points] == [None, 0.5, 1.0]
    for point in points:
        name, kind = point["name"], "plain" if point["name"] == "plain" else "protected"
        classified = RunFolder(out / "classify" / name).metrics()["classify"][kind]
        audited = RunFolder(out / "audit" / name, record="audit.json").metrics()
        attacks = audited["attacks"]
        assert point["attacks"] == {name: row["status"] for name, row in attacks.items()}
        assert attacks.keys() == {"itn", "itn_global"}
        assert point["accuracy"]["test_accuracy"] == classified["test_accuracy"]
        assert point["accuracy"]["test_images"] == 60
        for measure, bound in (
            ("affine_ssim", "floor"),
            ("ssim", "floor"),
            ("reidentification", "chance"),
            ("recognition", "chance"),
        ):
            found = point["leakage"][measure]
            attack = attacks[found["attack"]]
            leakage = attack["leakage"]
            above = leakage[measure]["low"] > leakage[f"{measure}_{bound}"]["mean"]
            by_itself = "worked" if above else "failed"
            assert found["status"] == (attack["status"] if bound == "floor" else by_itself)
            for key in ("mean", "low", "high", "count"):
                assert found[key] == leakage[measure][key]
            for end in (bound, "ceiling"):
                assert found[end] == leakage[f"{measure}_{end}"]["mean"]
        shown = point["protected"]["contour_correlation"]
        protected = audited["protected"]["leakage"]
        assert shown["mean"] == protected["contour_correlation"]["mean"]
        assert shown["chance"] == protected["contour_correlation_chance"]["mean"]


def test_the_weight_reaches_the_training_which_starts_from_the_run_that_is_given(drawn, tiny_run):
    out, _, _ = drawn
    run = RunFolder(out / "points" / "cyclegan-0.5")
    assert run.config()["settings"]["gamma"] == [-1.0, 0.5, 0.9]
    assert run.metrics()["reused"]["run"] == tiny_run.name


def test_all_are_asked_by_the_same_classifier_and_attacked_at_the_size_of_training(drawn):
    out, _, _ = drawn
    for name in NAMES:
        audited = RunFolder(out / "audit" / name, record="audit.json")
        assert audited.config()["settings"]["attacker_image_size"] == 32
        assert not (audited.path / "classifier_plain").exists()
    assert (out / "classify/plain/classifier_plain/saved_model.pb").is_file()


def test_the_table_says_what_the_record_says_the_most_accurate_first(drawn):
    out, _, _ = drawn
    lines = [line for line in (out / "frontier.md").read_text().splitlines() if "|" in line][2:]
    rows = {cells[1].strip(): cells for cells in (line.split("|") for line in lines)}
    points = {point["name"]: point for point in points_of(out)}

    assert rows.keys() == points.keys()
    for name, point in points.items():
        assert rows[name][2].strip() == f"{100 * point['accuracy']['test_accuracy']:.1f}%"
        found = point["leakage"]["affine_ssim"]
        assert rows[name][3].strip().startswith(f"{found['mean']:.2f} ({found['floor']:.2f})")
        assert rows[name][3].strip().endswith("failed") == (found["status"] == "failed")
    accuracies = [float(cells[2].strip(" %")) for cells in rows.values()]
    assert accuracies == sorted(accuracies, reverse=True)


def test_the_picture_is_drawn(drawn):
    out, _, _ = drawn
    with Image.open(out / "figures" / "frontier.png") as picture:
        assert picture.width >= 1800
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    # The curve's blue, and the grey of the baselines.
    for colour in ((0x00, 0x72, 0xB2), (0x55, 0x55, 0x55)):
        assert (colours == colour).all(axis=1).sum() > 50


def test_a_stopped_one_goes_on_and_a_finished_one_makes_nothing_again(drawn, call):
    out, again, stopped = drawn
    before = written(out)
    assert {file for file, when in stopped.items() if before[file] != when} == {
        "audit/cyclegan-0.5/audit.json"
    }
    assert before.keys() - stopped.keys() == {
        "classify/tiny/metrics.json",
        "audit/tiny/audit.json",
    }

    code, figures, said = call(*again)

    assert code == 0
    assert written(out) == before
    assert list(figures["points"]) == NAMES
    for point in points_of(out):
        assert figures["points"][point["name"]]["accuracy"] == point["accuracy"]["test_accuracy"]
    assert "frontier: audit cyclegan-0.5" in said


def test_the_commands_name_no_folder_of_this_machine_and_make_the_very_parts(
    drawn, call, monkeypatch, tiny_run
):
    out, _, _ = drawn
    lines = [line for point in points_of(out) for line in point["commands"]]
    verbs = ["classify", "audit", "train", "classify", "audit", "classify", "audit"]
    assert [shlex.split(line)[3] for line in lines] == verbs
    page = (out / "frontier.md").read_text().splitlines()
    assert [line for line in page if line.startswith("python ")] == lines
    assert not any(re.search(r"=/|\.\./", line) for line in lines)
    assert f"--reuse={tiny_run.name} " in lines[2]
    assert f"--protector={tiny_run.name} " in lines[-1]

    monkeypatch.chdir(out)
    before = written(out)
    for line in lines[2:5]:
        # With any other setting, its folder would refuse it.
        code, _, errors = call(*shlex.split(line)[3:])
        assert code == 0, errors
    assert written(out) == before


def test_a_failed_attack_is_called_failed(drawn):
    out, _, _ = drawn
    point = points_of(out)[0]
    for figure in point["leakage"].values():
        figure["status"] = "failed"
    _, ((_, _, *cells),) = frontier_table([point])
    assert all(cell.endswith(") failed") for cell in cells[:4])
    assert not any("failed" in cell for cell in cells[4:])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--objectives=best"], "--objectives=best: there is no such objective; choose from"),
        (["--cyclegan_values=1,many"], "--cyclegan_values=1,many: expected numbers"),
        (["--gamma=-1,1,1"], "--gamma: differs along the frontier; give --cyclegan_values"),
        (["--objective=cyclegan"], "give --objectives"),
        (["--attacker_image_size=64"], "all parts have the preset's image size"),
        (["--cyclegan_values=1,nan"], "--cyclegan_values=1,nan: expected numbers"),
        (
            ["--cyclegan_values=1", "--hardened_values=2,-1"],
            "--hardened_values=-1: must be 0 or more",
        ),
        (["--attacker_images=5000"], "--dataset=digits: 1497 training images are too few"),
        (["--held_out_images=5000"], "lower --held_out_images"),
        (["--objectives=", "--rivals=blurr"], "blurr does not exist; name"),
        (["--objectives=", "--rivals=blur:2,blur:2"], "two protectors are called blur-2"),
        (["--objectives=cyclegan", "--cyclegan_values=1,1"], "and give each value once"),
        (["--gan_epoch=2"], "--gan_epoch: there is no such option"),
        (["--preset=fast"], "--preset=fast: there is no such preset"),
        (["--objectives=cyclegan", "--reuse=nowhere"], "nowhere: not a run folder"),
    ],
)
def test_a_wrong_call_is_answered_in_one_line_before_anything_is_made(
    call, tmp_path, options, said
):
    out = tmp_path / "out"
    code, _, errors = call("frontier", f"--out={out}", *options)
    assert code == 2
    assert said in errors.strip().splitlines()[-1]
    assert not out.exists()


def test_what_cannot_be_compared_is_refused_at_once(tiny_run, tmp_path, call):
    unfinished, audit = tmp_path / "unfinished", tmp_path / "audit"
    for folder in (unfinished, audit):
        folder.mkdir()
        (folder / "config.json").write_bytes((tiny_run / "config.json").read_bytes())
    config = json.loads((audit / "config.json").read_text())
    (audit / "config.json").write_text(json.dumps({**config, "settings": {"attempts": 1}}))
    for folder, said in (
        (unfinished, "holds no protector.tflite yet"),
        (audit, "not a run made by `train`; leave it out"),
    ):
        out = tmp_path / "out"
        call_ = ["frontier", f"--out={out}", "--objectives=", "--rivals=", f"--protectors={folder}"]
        code, _, errors = call(*call_)
        assert code == 2
        assert said in errors.strip().splitlines()[-1]
        assert not out.exists()


def test_another_frontier_in_the_same_folder_is_refused(drawn, call):
    _, again, _ = drawn
    code, _, errors = call(*again, "--seed=7")
    assert code == 2
    assert errors.strip().splitlines()[-1].endswith("give another folder")


def test_only_folders_lose_what_leads_to_them(drawn, tmp_path, monkeypatch):
    from tfppdnn.reporting.frontier import write_frontier
    from tfppdnn.verbs.frontier_points import Part
    from tfppdnn.verbs.train import train

    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "photos").mkdir(parents=True)
    for dataset, name, version in (
        ("imagenet_resized/32x32", "imagenet_resized/32x32", "tensorflow-datasets imagenet"),
        ("data/photos", "photos", "folder photos, files 123"),
        ("/gone/photos", "photos", "folder photos, files 123"),
    ):
        part = Part(verb=train, options={"dataset": dataset, "out": "run"})
        assert f"--dataset={name} " in part.command(tmp_path)

        folder = tmp_path / name.replace("/", "-")
        folder.mkdir(exist_ok=True)
        config = json.loads((drawn[0] / "config.json").read_text())
        config["dataset"] |= {"name": dataset, "version": version}
        (folder / "config.json").write_text(json.dumps(config))
        shutil.copy(drawn[0] / "frontier.json", folder)
        write_frontier(RunFolder(folder, record="frontier.json"))
        assert f"Preset `quick`, {name} at 32x32" in (folder / "frontier.md").read_text()
