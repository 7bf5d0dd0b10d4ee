"""The report's sentences follow the figures, in both directions."""

import pytest

from tfppdnn.leakage.level import Level
from tfppdnn.reports.measurements import accuracy
from tfppdnn.reports.verdict import does_it_work, what_is_restored, what_is_seen

BLIND = {
    "ssim_floor": 0.13,
    "affine_ssim_floor": 0.13,
    "psnr_floor": 12.0,
    "contour_correlation_chance": 0.18,
    "reidentification_chance": 0.001,
}
AT_BLIND = {
    "ssim": 0.05,
    "affine_ssim": 0.12,
    "psnr": 8.0,
    "contour_correlation": 0.18,
    "reidentification": 0.001,
}


def leakage(**means):
    figures = {**BLIND, **AT_BLIND, **means}
    return {
        name: {"mean": mean, "low": mean - 0.001, "high": mean + 0.001, "count": 1000}
        for name, mean in figures.items()
    }


def seen(**means):
    return what_is_seen({"leakage": leakage(**means)})


def test_figures_at_chance_say_that_nothing_was_found():
    finding = seen()
    assert finding.level == Level.NOTHING
    assert "nothing of the pictures can be seen" in finding.headline
    assert "No outlines were found" in finding.text
    assert "Brightness cannot be recovered" in finding.text
    assert "cannot be matched" in finding.text
    assert "0.1% of 1,000 are" in finding.text


# What trials measured (CycleGAN with lambda 3 and 0.4), and what was seen with the eye.
@pytest.mark.parametrize(
    ("correlation", "sentence"),
    [
        (0.17, "No outlines were found"),
        (0.25, "Faint traces of outlines"),
        (0.51, "Outlines remain visible"),
        (0.78, "Outlines are plain to see"),
    ],
)
def test_outlines(correlation, sentence):
    finding = seen(contour_correlation=correlation)
    assert sentence in finding.text
    assert (finding.level == Level.NOTHING) == (correlation < 0.18)


@pytest.mark.parametrize(
    ("ssim", "sentence"),
    [
        (0.12, "Brightness cannot be recovered"),
        (0.18, "A trace of the brightness"),
        (0.45, "Brightness can be recovered in part"),
        (0.95, "photographic negative"),
    ],
)
def test_brightness(ssim, sentence):
    assert sentence in seen(affine_ssim=ssim).text


@pytest.mark.parametrize(
    ("rate", "sentence"),
    [(0.001, "cannot be matched"), (0.05, "now and then"), (0.25, "often"), (0.7, "Most")],
)
def test_matching(rate, sentence):
    finding = seen(reidentification=rate)
    assert sentence in finding.text
    assert f"{rate:.1%} of 1,000" in finding.text
    # Whichever way finds more.
    faint = seen(cosine_reidentification=rate, cosine_reidentification_chance=0.001)
    assert sentence in faint.text
    assert f"{rate:.1%} of 1,000" in faint.text


def test_one_bad_figure_is_enough_for_the_headline():
    assert seen(affine_ssim=0.9).headline == "By these measures, the pictures can be seen."
    assert (
        seen(contour_correlation=0.45).headline
        == "By these measures, much of the pictures can be seen."
    )


def test_a_low_ssim_is_no_excuse():
    negative = seen(ssim=-0.18, affine_ssim=1.0, contour_correlation=1.0)
    assert negative.level == Level.PICTURES


def test_an_interval_that_reaches_chance_claims_nothing():
    figures = leakage(contour_correlation=0.2)
    figures["contour_correlation"]["low"] = 0.17
    assert "No outlines were found" in what_is_seen({"leakage": figures}).text


@pytest.mark.parametrize(
    ("ssim", "headline"),
    [
        (0.12, "gets nothing of the pictures back"),
        (0.2, "gets traces of the pictures back"),
        (0.46, "gets much of the pictures back"),
        (0.71, "gets the pictures back"),
    ],
)
def test_the_restorer(ssim, headline):
    finding = what_is_restored({"restored_leakage": leakage(ssim=ssim)})
    assert headline in finding.headline
    assert f"SSIM of {ssim:.2f}" in finding.text


def test_what_was_not_measured_is_not_judged():
    assert what_is_seen({}) is None
    assert what_is_restored({"leakage": leakage()}) is None
    only = {key: value for key, value in leakage().items() if key.startswith("contour")}
    assert what_is_seen({"leakage": only}).text.count(".") == 1


@pytest.mark.parametrize(
    ("protected", "plain", "headline"),
    [
        (0.94, 0.95, "Yes"),
        (0.75, 0.95, "Mostly"),
        (0.53, 0.95, "In part"),
        (0.2, 0.95, "Hardly"),
        (0.1, 0.95, "No"),
        (0.1, 0.1, "Unknown"),
    ],
)
def test_whether_it_works(protected, plain, headline):
    shares = [accuracy("", "", share, 1000, guessing=0.1).figure for share in (protected, plain)]
    finding = does_it_work(*shares, "A classifier")
    assert finding.headline.startswith(headline)
    assert f"{protected:.1%} of 1,000" in finding.text and "gives 10.0%" in finding.text


def test_outlines_of_photographs_count_where_the_images_own_are_too_smooth_to_tell():
    figures = leakage(contour_correlation=0.65)
    photographs = {name: figures[name] for name in figures if name.startswith("contour")}
    finding = what_is_seen({"leakage": leakage(), "photographs_leakage": photographs})
    assert finding.level == Level.PICTURES
    assert "Outlines are plain to see" in finding.text
    clean = {name: leakage()[name] for name in photographs}
    assert what_is_seen({"leakage": leakage(), "photographs_leakage": clean}) == seen()
    assert (
        what_is_seen(
            {"leakage": leakage(contour_correlation=0.65), "photographs_leakage": clean}
        ).level
        == Level.PICTURES
    )
