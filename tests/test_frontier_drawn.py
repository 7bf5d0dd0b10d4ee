"""`frontier` at the smallest size: what it makes, and that it goes on where it was."""

import json
import re
import shlex

import pytest

from tfppdnn.run_folder import RunFolder

# It trains three classifiers and a protector, and makes three audits.
pytestmark = pytest.mark.long

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


def without_objective(settings):
    """Of a frontier it is an axis of its own."""
    return [option for option in settings if not option.startswith("--objective")]


@pytest.fixture(scope="module")
def drawn(tiny_run, tiny_settings, tmp_path_factory):
    """A frontier stopped before its second attack, which went on with a further protector.

    Its folder, the call that finished it, and when the parts of the stopped one were written.
    """
    from tfppdnn.audit import auditor
    from tfppdnn.cli import main

    out = tmp_path_factory.mktemp("frontiers") / "all"
    call = ["frontier", f"--out={out}", f"--reuse={tiny_run}", "--objectives=cyclegan"]
    call += ["--cyclegan_values=0.5", "--rivals=", *without_objective(tiny_settings), *TINY_AUDIT]

    def stop(run, *arguments, **settings):
        if run.path.name == "cyclegan-0.5":
            raise KeyboardInterrupt
        make_attacks(run, *arguments, **settings)

    make_attacks = auditor.make_attacks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auditor, "make_attacks", stop)
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
            worked = attack["status"] == "worked" and above
            assert found["status"] == ("worked" if worked else "failed")
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
    assert "--attacker_image_size=32 " in lines[-1]

    monkeypatch.chdir(out)
    before = written(out)
    for line in lines[2:5]:
        # With any other setting, its folder would refuse it.
        code, _, errors = call(*shlex.split(line)[3:])
        assert code == 0, errors
    assert written(out) == before


def test_another_frontier_in_the_same_folder_is_refused(drawn, call):
    _, again, _ = drawn
    code, _, errors = call(*again, "--seed=7")
    assert code == 2
    assert "(seed: 0 there, 7 now); give another folder" in errors.strip().splitlines()[-1]


def test_codes_and_the_label_are_rivals(tiny_settings, tmp_path, call):
    out = tmp_path / "out"
    rivals = ["--objectives=", "--rivals=label,pca:24", *without_objective(tiny_settings)]
    assert call("frontier", f"--out={out}", *rivals, *TINY_AUDIT)[0] == 0
    points = {
        point["name"]: point
        for point in json.loads((out / "frontier.json").read_text())["frontier"]["points"]
    }
    assert list(points) == ["plain", "label", "pca-24"]
    assert {point["kind"] for point in points.values()} == {"baseline"}
    classified, audited = (shlex.split(line) for line in points["label"]["commands"])
    for command in (classified, audited):
        assert "--protector=label:classify/plain/classifier_plain" in command
        assert any(option.startswith("--trust") for option in command)
    code = json.loads((out / "audit/pca-24/audit.json").read_text())["protected"]["code"]
    assert code["bits"] == 24
