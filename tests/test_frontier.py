"""`frontier`: what it refuses, and what it writes of the figures that it has."""

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from tfppdnn.experiments.frontier_page import frontier_table, write_frontier
from tfppdnn.files import write_json
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import PhotoSettings

CONFIG = {
    "verb": "frontier",
    "preset": "cpu",
    "settings": {},
    "seed": 0,
    "dataset": {"name": "cifar10", "version": "tensorflow-datasets cifar10", "image_size": 32},
}


def point(name, accuracy, likeness, matched, recognised, *, kind="baseline", failed=(), **curve):
    """A point as a frontier records it, its attackers' figures being these."""

    def figure(mean, blind, nothing):
        ends = {"low": 0.98 * mean, "high": 1.02 * mean}
        return {"mean": mean, **ends, "count": 1000, blind: nothing, "ceiling": 1.0}

    found = {
        "affine_ssim": (likeness, "floor", 0.16),
        "ssim": (likeness - 0.02, "floor", 0.12),
        "reidentification": (matched, "chance", 0.001),
        "recognition": (recognised, "chance", 0.114),
    }
    return {
        "name": name,
        "kind": kind,
        **{"objective": None, "weight": None, "value": None, **curve},
        "accuracy": {"test_accuracy": accuracy, "test_images": 10000, "epochs": 2},
        "leakage": {
            measure: {
                **figure(*three),
                "attack": "itn",
                "status": "failed" if measure in failed else "worked",
            }
            for measure, three in found.items()
        },
        "protected": {
            "contour_correlation": figure(0.26, "chance", 0.2),
            "orientation_agreement": figure(0.08, "chance", 0.0),
        },
        "commands": [f"python -m tfppdnn classify --protector={name} --out=classify/{name}"],
    }


HARDENED = {"kind": "objective", "objective": "hardened", "weight": "hiding"}
POINTS = [
    point("plain", 0.5875, 0.98, 1.0, 0.58),
    # Between the others by its accuracy, so that the table's order is not the record's.
    point("blur-2", 0.401, 0.55, 0.31, 0.2),
    point("hardened-0", 0.812, 0.2, 0.025, 0.3, **HARDENED, value=0.0),
    point("hardened-1", 0.8, 0.15, 0.011, 0.1, **HARDENED, value=1.0, failed=("affine_ssim",)),
    point("tanaka", 0.51, 0.97, 1.0, 0.11, kind="cipher", failed=("recognition",)),
]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A frontier of made-up points, written and drawn."""
    folder = tmp_path_factory.mktemp("frontiers")
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "frontier.json", {"frontier": {"points": POINTS}})
    write_frontier(RunFolder(folder, record="frontier.json"))
    return folder


def points_of(out):
    return json.loads((out / "frontier.json").read_text())["frontier"]["points"]


def test_the_table_says_what_the_record_says_the_most_accurate_first(drawn):
    text = (drawn / "frontier.md").read_text()
    lines = [line for line in text.splitlines() if "|" in line][2:]
    rows = {cells[1].strip(): cells for cells in (line.split("|") for line in lines)}
    points = {point["name"]: point for point in points_of(drawn)}

    assert rows.keys() == points.keys()
    for name, point in points.items():
        assert rows[name][2].strip() == f"{100 * point['accuracy']['test_accuracy']:.1f}%"
        found = point["leakage"]["affine_ssim"]
        assert rows[name][3].strip().startswith(f"{found['mean']:.2f} ({found['floor']:.2f})")
        # Of two of these the attackers get no more than by knowing nothing, each by one measure.
        for column, measure in ((3, "affine_ssim"), (6, "recognition")):
            status = point["leakage"][measure]["status"]
            assert rows[name][column].strip().endswith("failed") == (status == "failed")
    accuracies = [float(cells[2].strip(" %")) for cells in rows.values()]
    assert accuracies == sorted(accuracies, reverse=True)


def test_the_picture_is_drawn(drawn):
    with Image.open(drawn / "figures" / "frontier.png") as picture:
        assert picture.width >= 1800
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
    # The curve's blue, and the grey of the baselines.
    for colour in ((0x00, 0x72, 0xB2), (0x55, 0x55, 0x55)):
        assert (colours == colour).all(axis=1).sum() > 50


def test_a_failed_attack_is_called_failed(drawn):
    point = points_of(drawn)[0]
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
        (["--objectives=", "--rivals=blurr"], "blurr does not exist; did you mean blur? Or name"),
        (["--objectives=", "--rivals=blur:2,blur:2"], "two protectors are called blur-2"),
        (["--objectives=cyclegan", "--cyclegan_values=1,1"], "and give each value once"),
        (["--preset=hardened"], "no such preset; choose quick, cpu, paper"),
        (["--gan_epoch=2"], "--gan_epoch: there is no such option"),
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
    unfinished, audit, photos = (tmp_path / name for name in ("unfinished", "audit", "photos"))
    for folder in (unfinished, audit, photos):
        folder.mkdir()
        (folder / "config.json").write_bytes((tiny_run / "config.json").read_bytes())
    config = json.loads((audit / "config.json").read_text())
    (audit / "config.json").write_text(json.dumps({**config, "settings": {"attempts": 1}}))
    of_photos = PhotoSettings().options()
    (photos / "config.json").write_text(json.dumps({**config, "settings": of_photos}))
    for folder, said in (
        (photos, "a run of --preset=photos, which was trained with none of the objectives"),
        (unfinished, "holds no protector.tflite yet"),
        (audit, "not a run made by `train`; leave it out"),
    ):
        out = tmp_path / "out"
        call_ = ["frontier", f"--out={out}", "--objectives=", "--rivals=", f"--protectors={folder}"]
        code, _, errors = call(*call_)
        assert code == 2
        assert said in errors.strip().splitlines()[-1]
        assert not out.exists()


def test_only_folders_lose_what_leads_to_them(drawn, tmp_path, monkeypatch):
    from tfppdnn.reports.command import command_line

    monkeypatch.chdir(tmp_path)
    (tmp_path / "data" / "photos").mkdir(parents=True)
    for dataset, name, version in (
        ("imagenet_resized/32x32", "imagenet_resized/32x32", "tensorflow-datasets imagenet"),
        ("data/photos", "photos", "folder photos, files 123"),
        ("/gone/photos", "photos", "folder photos, files 123"),
    ):
        options = {"dataset": dataset, "out": "run"}
        assert f"--dataset={name} " in command_line("train", options, seen_from=tmp_path)

        folder = tmp_path / name.replace("/", "-")
        folder.mkdir(exist_ok=True)
        config = json.loads((drawn / "config.json").read_text())
        config["dataset"] |= {"name": dataset, "version": version}
        (folder / "config.json").write_text(json.dumps(config))
        shutil.copy(drawn / "frontier.json", folder)
        write_frontier(RunFolder(folder, record="frontier.json"))
        assert f"Preset `cpu`, {name} at 32x32" in (folder / "frontier.md").read_text()
