"""Table I shows no cell that flatters a scheme."""

import csv

import numpy as np
import pytest
from PIL import Image

from tfppdnn.baselines import make_baseline
from tfppdnn.experiments.table1_page import PAPER, SCHEMES, table_cells, write_table1
from tfppdnn.files import write_json
from tfppdnn.leakage.figure import exactly
from tfppdnn.run_folder import RunFolder


def attack(ssim, *, status="worked"):
    means = {"ssim": ssim, "ssim_floor": 0.14, "affine_ssim": 0.42}
    leakage = {name: exactly(mean, 500).to_dict() for name, mean in means.items()}
    return {"status": status, "leakage": leakage}


def cell_of_tanaka(found):
    """The cell of the GAN attack on Tanaka's scheme."""
    rows = {name: {"accuracy": {}, "attacks": {}} for name in PAPER}
    rows["tanaka"]["attacks"]["gan"] = found
    header, lines = table_cells({"rows": rows, "datasets": []})
    line = next(line for line in lines if line[0] == "Tanaka's scheme")
    return line[header.index("SSIM, GA (paper)")]


@pytest.mark.parametrize(
    ("found", "cell"),
    [
        (attack(0.6), "0.6000 (0.7152)"),
        # A negative: the attack worked, and SSIM does not see it.
        (attack(-0.22), "\N{MINUS SIGN}0.2200, affine 0.4200 (0.7152)"),
        (attack(0.05, status="failed"), "0.0500 failed (0.7152)"),
        ({"status": "does not apply", "leakage": None}, "N/A (0.7152)"),
    ],
)
def test_a_cell_says_what_became_of_the_attack(found, cell):
    assert cell_of_tanaka(found) == cell


ATTACKS = {
    "proposed": ["gan"],
    "pixel_same": ["uwa", "gan"],
    "pixel_different": [],
    "tanaka": ["gan"],
}


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Table I of made-up figures; what attacks made are pictures of one grey each."""
    run = RunFolder(tmp_path_factory.mktemp("tables"), record="table1.json")
    settings = {"attacker_images": 0, "attacker_image_size": 48, "attackers_dataset": "photos"}
    dataset = {"name": "photos"}
    config = {"preset": "cpu", "settings": settings, "dataset": dataset, "seed": 0}
    write_json(run.path / "config.json", config)
    figures = {
        **{f"{name}_floor": 0.14 for name in ("ssim", "affine_ssim")},
        **{
            f"{name}_chance": 0.1
            for name in ("orientation_agreement", "reidentification", "recognition")
        },
        **dict.fromkeys(("ssim", "affine_ssim", "orientation_agreement"), 0.4),
        **dict.fromkeys(("reidentification", "recognition"), 0.25),
    }
    leakage = {
        name: {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "count": 500}
        for name, mean in figures.items()
    }
    accuracy = {"photos": {"test_accuracy": 0.5625, "test_images": 10000, "epochs": 2}}
    rows = {}
    for number, scheme in enumerate(SCHEMES):
        attacks = {
            name: {"status": "worked", "leakage": leakage} for name in ATTACKS.get(scheme, ())
        }
        rows[scheme] = {"accuracy": accuracy, "attacks": attacks}
        for name in ("plain", "protected", *attacks) if attacks else ():
            folder = run.path / "audit" / scheme / "reconstructions"
            folder.mkdir(parents=True, exist_ok=True)
            grey = np.full((9, 48, 48, 3), 40 * number + len(name), np.uint8)
            np.savez(folder / f"{name}.npz", images=grey)
    write_json(run.path / "table1.json", {"table": {"rows": rows, "datasets": ["photos"]}})
    write_table1(run, make_baseline("pixelate", 8))
    return run.path


def test_the_page_has_a_line_a_scheme_and_one_for_each_attack(written):
    page = (written / "table1.md").read_text()
    table, missed = (part.split("\n\n")[0] for part in page.split("\n\n| ")[1:])
    assert [line.split(" |")[0].strip("| ") for line in table.splitlines()[2:]] == list(
        SCHEMES.values()
    )
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in missed.splitlines()[2:]]
    assert [line[:3] for line in lines] == [
        [SCHEMES[scheme], attack, "worked"]
        for scheme, attack in (
            ("proposed", "GA"),
            ("pixel_same", "UWA"),
            ("pixel_same", "GA"),
            ("tanaka", "GA"),
        )
    ]
    assert {tuple(line[3:]) for line in lines} == {
        ("0.40 (0.14)", "0.40 (0.14)", "0.40 (0.10)", "25.0% (10.0%)", "25.0% (10.0%)")
    }


def test_the_csv_has_our_figures_beside_the_papers(written):
    with (written / "table1.csv").open() as file:
        found = {(row["scheme"], row["figure"], row["on"]): row for row in csv.DictReader(file)}
    assert found["tanaka", "ssim", "gan"]["mean"] == "0.4"
    assert found["tanaka", "ssim", "gan"]["paper"] == "0.7152"
    assert found["plain", "accuracy", "photos"]["paper"] == "0.9505"


def test_the_pictures_show_each_scheme_and_what_came_back(written):
    with Image.open(written / "figures/figure7.png") as picture:
        shown = np.asarray(picture.convert("RGB"))
    # Eight columns of 48 pixels twice as large; eight rows, and a word above each.
    assert shown.shape == (2 * 16 + 8 * (35 + 96 + 6) - 6, 2 * 16 + 8 * (96 + 6) - 6, 3)
    greys = [shown[16 + row * 137 + 35 + 48, 16 + 48, 0] for row in range(8)]
    assert greys == [5, 9, 3, 49, 43, 43, 129, 123]
    for name, height in (("figure1.png", 2 * 16 + 4 * (35 + 192 + 6) - 6), ("table1.png", 300)):
        with Image.open(written / "figures" / name) as picture:
            assert picture.height >= height
