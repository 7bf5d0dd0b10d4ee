"""A figure is judged by how far it is from knowing nothing, on one scale."""

import importlib
import pkgutil

import numpy as np
import pytest
from scipy.stats import beta

import tfppdnn.leakage
from tfppdnn.leakage.figure import Figure, exactly, figure_of, from_record
from tfppdnn.leakage.intervals import Interval, exact_interval, wilson_interval
from tfppdnn.leakage.judgement import worked_by
from tfppdnn.leakage.level import Level
from tfppdnn.leakage.measures import MEASURES


def figure(value, *, spread=0.01, blind=0.2, ceiling=1.0, measure="affine_ssim"):
    interval = Interval(value, value - spread, value + spread, 100)
    return Figure(MEASURES[measure], interval, exactly(blind, 100), exactly(ceiling, 100))


@pytest.mark.parametrize(
    ("value", "share", "level"),
    [
        (0.1, -0.125, Level.NOTHING),
        (0.2, 0.0, Level.NOTHING),
        (0.24, 0.05, Level.TRACES),
        (0.35, 0.1875, Level.TRACES),
        (0.36 + 1e-9, 0.2, Level.MUCH),
        (0.59, 0.4875, Level.MUCH),
        (0.60 + 1e-9, 0.5, Level.PICTURES),
        (1.0, 1.0, Level.PICTURES),
    ],
)
def test_the_way_from_knowing_nothing_to_the_plain_image(value, share, level):
    found = figure(value)
    assert found.share == pytest.approx(share, abs=1e-8)
    assert found.level is level


def test_the_way_ends_at_what_the_plain_images_themselves_score():
    # A classifier that is right about 60% of the plain images can be right about no more.
    assert figure(0.4, ceiling=0.6).share == pytest.approx(0.5)


def test_an_interval_that_reaches_knowing_nothing_shows_nothing():
    assert figure(0.5, spread=0.3).level is Level.NOTHING
    assert figure(0.5, spread=0.29).level is Level.MUCH


@pytest.mark.parametrize(
    ("status", "value", "works"),
    [("worked", 0.3, True), ("worked", 0.205, False), ("failed", 0.3, False)],
)
def test_an_attack_works_by_a_measure_if_it_works_and_stands_above_knowing_nothing(
    status, value, works
):
    assert worked_by(status, figure(value)) is works


def test_a_value_is_written_beside_what_knowing_nothing_gives():
    assert figure(0.25, blind=-0.001).beside_blind == "0.25 (0.00)"
    assert figure(0.25, blind=0.001, measure="reidentification").beside_blind == "25.0% (0.1%)"


def test_a_record_of_an_earlier_version_is_read():
    entry = {"mean": 0.3, "low": 0.2, "high": 0.4, "count": 50}
    found = from_record({"psnr": entry, "ssim": entry, "ssim_floor": {**entry, "mean": 0.1}})
    assert list(found) == ["ssim", "psnr"]
    assert (found["ssim"].blind.mean, found["ssim"].ceiling.mean) == (0.1, 1.0)
    assert found["psnr"].ceiling == exactly(40.0, 50)
    assert found["ssim"] == figure_of(
        MEASURES["ssim"], {"ssim": entry, "ssim_floor": {**entry, "mean": 0.1}}
    )
    assert from_record(None) == {}


def test_the_scale_has_words_for_every_level_and_none_twice():
    for words in ("word", "of_the_pictures", "comes_back"):
        assert len({getattr(level, words) for level in Level}) == len(Level)
    assert max(Level) is Level.PICTURES and min(Level) is Level.UNKNOWN


@pytest.mark.parametrize(("hits", "count"), [(0, 32), (1, 32), (37, 1000), (999, 1000), (7, 7)])
def test_intervals_of_shares_are_those_of_their_formulas(hits, count):
    exact = exact_interval(hits, count)
    low = beta.ppf(0.025, hits, count - hits + 1) if hits else 0
    high = beta.ppf(0.975, hits + 1, count - hits) if hits < count else 1
    assert (exact.low, exact.high) == pytest.approx((low, high), abs=1e-12)
    z, share = 1.959963984540054, hits / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    spread = np.sqrt(share * (1 - share) / count + (z / (2 * count)) ** 2) * z
    spread /= 1 + z * z / count
    wilson = wilson_interval(hits, count)
    expected = (max(centre - spread, 0), min(centre + spread, 1))
    assert (wilson.low, wilson.high) == pytest.approx(expected, abs=1e-12)


def test_no_public_name_hides_a_module():
    modules = {module.name for module in pkgutil.iter_modules(tfppdnn.leakage.__path__)}
    for name in modules:
        importlib.import_module(f"tfppdnn.leakage.{name}")
    assert not modules & set(tfppdnn.leakage.__all__)


def test_a_figure_shows_itself_in_a_line():
    record = {
        "ssim": {"mean": 0.5, "low": 0.45, "high": 0.55, "count": 12},
        "ssim_floor": {"mean": 0.25, "low": 0.2, "high": 0.3, "count": 12},
    }
    assert repr(from_record(record)["ssim"]) == "Figure(ssim: 0.50 (0.25), 95% 0.45 to 0.55, 12)"
