"""Of several attacks a frontier reports the one that got most, and never failure as success."""

import pytest

from tfppdnn.experiments.frontier_figures import matched, strongest


def attack(status, **means):
    leakage = {name: {"mean": mean, "low": mean, "high": mean} for name, mean in means.items()}
    return {"status": status, "leakage": leakage | {"ssim_floor": {"mean": 0.2}}}


@pytest.mark.parametrize(
    ("rows", "best"),
    [
        ({"itn": attack("worked", ssim=0.3), "other": attack("worked", ssim=0.4)}, "other"),
        # A collapsed one may well score more; it proves nothing.
        ({"itn": attack("worked", ssim=0.1), "other": attack("failed", ssim=0.2)}, "itn"),
        ({"itn": attack("failed", ssim=0.1), "other": attack("failed", ssim=0.2)}, "other"),
    ],
)
def test_the_strongest_attack_counts(rows, best):
    found = strongest(rows, "ssim")
    assert found["attack"] == best
    assert found["status"] == rows[best]["status"]
    assert found["floor"] == 0.2


@pytest.mark.parametrize(
    ("low", "best", "status"),
    [
        # What was matched was matched, though the pictures are no more like than the mean one.
        (0.02, "other", "worked"),
        (0.001, "itn", "worked"),
    ],
)
def test_a_share_above_chance_counts_whatever_became_of_the_attack(low, best, status):
    rows = {"itn": matching("worked", 0.01, 0.005), "other": matching("failed", 0.05, low)}
    found = strongest(rows, "reidentification")
    assert (found["attack"], found["status"]) == (best, status)
    found = strongest({"itn": matching("worked", 0.01, 0.0)}, "reidentification")
    assert found["status"] == "failed"


def test_pictures_are_matched_in_the_way_that_finds_most():
    faint, sharp = matching("worked", 0.01, 0.005), matching("worked", 0.02, 0.01)
    assert matched({"itn": faint, "nearest": sharp})["mean"] == 0.02
    for row, mean in ((faint, 0.04), (sharp, 0.02)):
        row["leakage"]["cosine_reidentification"] = {"mean": mean, "low": mean / 2, "high": 1.0}
        row["leakage"]["cosine_reidentification_chance"] = {"mean": 0.002}
    found = matched({"itn": faint, "nearest": sharp})
    assert (found["attack"], found["mean"], found["status"]) == ("itn", 0.04, "worked")
    # One of an earlier version does not keep the others from being matched.
    older = matching("worked", 0.03, 0.02)
    assert matched({"itn": faint, "nearest": sharp, "gan": older})["mean"] == 0.04


def matching(status, mean, low):
    shares = {"reidentification": {"mean": mean, "low": low, "high": 1.0}}
    return {"status": status, "leakage": shares | {"reidentification_chance": {"mean": 0.002}}}
