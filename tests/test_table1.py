"""`table1` as a user meets it, at the smallest size."""

import csv
import json
import shutil

import numpy as np
import pytest
from PIL import Image
from test_audit_verb import TINY, TINY_RECOGNISER


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--datasets=5"], "--datasets=5: there is no such data set or folder"),
        (["--datasets"], "--datasets needs a value, as in --datasets=DATASETS"),
        (["--datasets="], "--datasets: names no data set; leave it out for digits"),
        (["--attackers_dataset=digit"], "--attackers_dataset=digit: there is no such data set"),
        (["--attackers_dataset=./no"], "--attackers_dataset=no: there is no such folder"),
        (["--attacker_image_size=64"], "--attacker_image_size=64: digits comes at 32x32 only"),
        (["--attacker_images=5000"], "--datasets=digits: 1497 training images are too few"),
    ],
)
def test_a_wrong_table1_is_answered_before_anything_is_made(call, tmp_path, options, said):
    out = tmp_path / "out"
    code, _, errors = call("table1", "--protector=cifar10", f"--out={out}", *options)
    assert code == 2
    assert said in errors.strip().splitlines()[-1]
    assert not out.exists()


@pytest.mark.parametrize(
    "options",
    [
        ["table1", "--protector={model}"],
        ["frontier", "--objectives=", "--rivals=", "--protectors={model}"],
    ],
    ids=lambda options: options[0],
)
def test_a_saved_model_is_loaded_if_it_is_trusted_only(
    protectors, tmp_path, call, monkeypatch, options
):
    asked = []

    def stop(protector, *arguments, **options):
        asked.append(protector.name)
        if protector.name != "plain":
            _ = protector.scheme
            raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.classification.fit.fit_classifier", stop)
    model, out = protectors / "saved", tmp_path / "out"
    options = [option.format(model=model) for option in options]
    options += [f"--out={out}", "--attacker_images=64", "--held_out_images=12"]
    code, _, errors = call(*options)
    assert code == 2
    assert "add --trust" in errors.splitlines()[-1]
    assert not out.exists()
    assert call(*options, "--trust")[0] == 130
    assert asked[-1] == str(model)
    code, _, errors = call(*options, "--trust=yes")
    assert code == 2
    assert "--trust takes no value" in errors


def test_table1_does_not_mix_sizes_of_images(tiny_run, tmp_path, call):
    run, out = tmp_path / "large", tmp_path / "out"
    run.mkdir()
    shutil.copy(tiny_run / "protector.tflite", run)
    config = json.loads((tiny_run / "config.json").read_text())
    config["settings"]["image_size"] = 64
    (run / "config.json").write_text(json.dumps(config))
    code, _, errors = call("table1", f"--protector={run}", f"--out={out}")
    assert code == 2
    assert f"--protector={run}: trained at 64 pixels" in errors.strip().splitlines()[-1]
    assert not out.exists()


def test_a_table_goes_on_however_its_folder_is_typed(tmp_path, call, monkeypatch):
    def stop(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.classification.fit.fit_classifier", stop)
    monkeypatch.chdir(tmp_path)
    pixels = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    for name in ("cat", "dog"):
        folder = tmp_path / "photos" / name
        folder.mkdir(parents=True)
        for number, image in enumerate(pixels):
            Image.fromarray(image).save(folder / f"{number}.png")
    arguments = ["table1", "--protector=plain", "--out=out", "--datasets=photos/"]
    arguments += ["--attacker_images=8", "--held_out_images=2"]
    assert call(*arguments)[0] == 130
    config = json.loads((tmp_path / "out" / "config.json").read_text())
    assert config["dataset"]["name"] == config["settings"]["attackers_dataset"] == "photos"
    code, _, errors = call(*(one.replace("photos/", "./photos") for one in arguments))
    assert code == 130, errors
    # Its classifier is asked by attackers of these very pictures, and of no others of that name.
    asked = []

    def stop_at_attacks(*arguments, **options):
        asked.append(options["recogniser"])
        raise KeyboardInterrupt

    monkeypatch.setattr("tfppdnn.classification.fit.fit_classifier", lambda *_, **options: None)
    monkeypatch.setattr("tfppdnn.audit.auditing.audit", stop_at_attacks)
    shutil.copytree(tmp_path / "photos", tmp_path / "elsewhere" / "photos")
    assert call(*arguments)[0] == 130
    call(*arguments, "--attackers_dataset=elsewhere/photos", "--out=third")
    assert asked == ["out/classify/photos/plain/classifier_plain", None]
    # Two of one name would share their parts' folders.
    twice = [one.replace("photos/", "photos,elsewhere/photos/") for one in arguments]
    code, _, errors = call(*twice, "--out=other")
    assert code == 2
    assert "both are called photos in the table" in errors.splitlines()[-1]


@pytest.mark.long
def test_table1_has_every_row_of_the_paper_and_its_figures(tiny_run, tmp_path, call):
    out = tmp_path / "table"
    code, figures, _ = call(
        "table1",
        f"--protector={tiny_run}",
        f"--out={out}",
        "--classifier_epochs=1",
        "--classifier_width=0.0625",
        "--classifier_batch_size=512",
        "--test_images=40",
        *TINY,
        *TINY_RECOGNISER,
    )

    assert code == 0
    assert list(figures["rows"]) == ["proposed", "pixel_same", "pixel_different", "tanaka", "plain"]
    text = (out / "table1.md").read_text()
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    # The paper's Table I stands in brackets.
    proposed = next(row for row in rows if row.startswith("| Proposed scheme"))
    assert "N/A (N/A)" in proposed
    assert "(0.0956)" in proposed
    assert "(90.73%)" in proposed
    assert "(0.7152)" in next(row for row in rows if row.startswith("| Tanaka's scheme"))
    with (out / "table1.csv").open() as file:
        cells = list(csv.DictReader(file))
    same = [c for c in cells if (c["scheme"], c["figure"]) == ("pixel_same", "ssim")]
    assert {c["on"]: c["paper"] for c in same} == {"uwa": "0.1715", "gan": "0.2688"}
    measured = json.loads((out / "audit/pixel_same/audit.json").read_text())["attacks"]
    for cell in same:
        assert float(cell["mean"]) == measured[cell["on"]]["leakage"]["ssim"]["mean"]
    for name in ("table1", "figure1", "figure7"):
        with Image.open(out / "figures" / f"{name}.png") as picture:
            assert np.asarray(picture.convert("L")).std() > 10
