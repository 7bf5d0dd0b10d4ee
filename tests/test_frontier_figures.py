"""Of several attacks a frontier reports the one that got most, and never failure as success."""

import pytest

from tfppdnn.experiments.frontier_figures import figure_in_short, matched, strongest
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.measures import MEASURES


def figure(mean, low=None, high=1.0):
    return {"mean": mean, "low": mean if low is None else low, "high": high, "count": 500}


def attack(status, ssim, low=None):
    floor = figure(0.05)
    return {"status": status, "leakage": {"ssim": figure(ssim, low), "ssim_floor": floor}}


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ({"itn": attack("worked", ssim=0.3), "other": attack("worked", ssim=0.4)}, "other"),
        # A collapsed one may well score more; it proves nothing.
        ({"itn": attack("worked", ssim=0.1), "other": attack("failed", ssim=0.2)}, "itn"),
        ({"itn": attack("failed", ssim=0.1), "other": attack("failed", ssim=0.2)}, "other"),
        # Nor does one that may have got this by luck, from a few pictures.
        ({"itn": attack("worked", ssim=0.1), "few": attack("worked", ssim=0.2, low=0.04)}, "itn"),
    ],
)
def test_the_strongest_attack_counts(rows, best):
    found = strongest(rows, "ssim")
    assert found["attack"] == best
    assert found["status"] == rows[best]["status"]
    assert found["floor"] == 0.05


def test_an_attack_fails_by_a_measure_whose_interval_reaches_chance():
    found = strongest({"itn": matching("worked", 0.01, 0.0)}, "reidentification")
    assert (found["status"], found["mean"], found["chance"]) == ("failed", 0.01, 0.002)
    rows = {"itn": matching("worked", 0.01, 0.005), "other": matching("failed", 0.05, 0.02)}
    # What became of an attack is judged once: matches of its own had made it work.
    assert strongest(rows, "reidentification")["attack"] == "itn"


def test_what_a_frontier_keeps_of_a_figure_is_read_back():
    kept = strongest({"itn": matching("worked", 0.4, 0.35)}, "reidentification")
    read = figure_in_short(kept, MEASURES["reidentification"])
    assert read.beside_blind == "40.0% (0.2%)"
    assert (read.low, read.high, read.count, read.level) == (0.35, 1.0, 500, Level.MUCH)


def test_pictures_are_matched_in_the_way_that_finds_most():
    faint, sharp = matching("worked", 0.01, 0.005), matching("worked", 0.02, 0.01)
    assert matched({"itn": faint, "nearest": sharp})["mean"] == 0.02
    for row, mean in ((faint, 0.04), (sharp, 0.02)):
        row["leakage"]["cosine_reidentification"] = figure(mean, mean / 2)
        row["leakage"]["cosine_reidentification_chance"] = figure(0.002)
    found = matched({"itn": faint, "nearest": sharp})
    assert (found["attack"], found["mean"], found["status"]) == ("itn", 0.04, "worked")
    # One of an earlier version does not keep the others from being matched.
    older = matching("worked", 0.03, 0.02)
    assert matched({"itn": faint, "nearest": sharp, "gan": older})["mean"] == 0.04


def matching(status, mean, low):
    shares = {"reidentification": figure(mean, low), "reidentification_chance": figure(0.002)}
    return {"status": status, "leakage": shares}
