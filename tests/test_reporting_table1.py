"""Table I shows no cell that flatters a scheme."""

import pytest

from tfppdnn.experiments.table1_page import PAPER, table_cells


def attack(ssim, *, status="worked"):
    means = {"ssim": ssim, "ssim_floor": 0.14, "affine_ssim": 0.42}
    return {"status": status, "leakage": {name: {"mean": mean} for name, mean in means.items()}}


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
