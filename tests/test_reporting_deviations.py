"""The table of deviations lists exactly what differs from the paper."""

import json

import pytest

from tfppdnn.reports.deviations import deviations, open_choices
from tfppdnn.reports.reasons import OPEN_CHOICES, REASONS
from tfppdnn.settings import make_settings

# The paper's own form, where `Paper` cannot or does not follow it.
TO_THE_LETTER = {
    "discriminator_strided_layers": 3,
    "perceptual_weights": "imagenet",
    "perceptual_cap": "off",
}


def settings_of(preset, **others):
    # As config.json holds them.
    return json.loads(json.dumps({**make_settings(preset).options(), **others}))


def options(settings):
    return [row.option for row in deviations(settings)]


def test_every_setting_has_a_reason_or_is_open():
    options = settings_of("cpu").keys() | settings_of("hardened").keys()
    assert set(REASONS) | set(OPEN_CHOICES) == options - {"steps_per_round"}
    assert not set(REASONS) & set(OPEN_CHOICES)


def test_the_paper_to_the_letter_deviates_in_nothing():
    assert deviations(settings_of("paper", **TO_THE_LETTER)) == []


def test_the_paper_preset_admits_where_it_does_not_follow():
    assert options(settings_of("paper")) == list(TO_THE_LETTER)


@pytest.mark.parametrize("name", ["quick", "cpu", "hardened"])
def test_a_preset_lists_exactly_what_differs(name):
    settings = settings_of(name)
    # There is no U-Net in two of them, and the paper's second gamma is a weight of its own.
    unused = " " if name == "cpu" else "generator"
    paper = {**settings_of("paper"), **TO_THE_LETTER, "classification_weight": 0.4}
    differing = {
        option
        for option, value in settings.items()
        if option in REASONS and value != paper[option] and not option.startswith(unused)
    }
    assert set(options(settings)) == differing
    assert len(differing) > 8


@pytest.mark.parametrize("field", REASONS)
def test_each_setting_is_noticed_on_its_own(field):
    hardened = {"objective": "hardened"} if field == "classification_weight" else {}
    others = {
        **TO_THE_LETTER,
        **hardened,
        field: {"gamma": [-1.0, 1.0, 0.9], "perceptual_cap": 1.7, "perceptual_weights": None}.get(
            field, 2
        ),
    }
    *others, row = deviations(settings_of("paper", **others))
    assert [other.option for other in others] == list(hardened)
    assert row.option == field
    assert row.paper != row.run and row.reason


def test_what_a_run_does_not_use_is_not_shown():
    def shown(**settings):
        made = make_settings("hardened", settings).options()
        return {row.option for row in open_choices(made)}

    of_the_code = {"code_size", "code_levels", "decoder_width"}
    of_the_enemy = {"feature_weight", "feature_stages", "hiding_weight"}
    assert "restorer_width" in shown()
    assert "restorer_width" not in shown(protector_network="unet")
    assert "restorer_width" not in shown(objective="cyclegan", protector_network="bottleneck")
    assert shown() >= of_the_code | of_the_enemy and "generator_norm" not in shown()
    assert not shown(protector_network="unet") & of_the_code
    assert "generator_norm" in shown(protector_network="unet")
    paper = shown(objective="cyclegan", protector_network="bottleneck")
    assert not paper & of_the_enemy and of_the_code <= paper


def test_steps_are_told_in_epochs_beside_the_papers():
    settings = settings_of("cpu", transform_steps=2000, transform_batch_size=16)
    rows = {row.option: row for row in deviations(settings, train_images=1600)}
    assert rows["transform_steps"].paper == "5,000 epochs"
    assert rows["transform_steps"].run == "2,000 steps, about 20 epochs"
    assert rows["gamma"].paper == "\N{MINUS SIGN}1, 0.4, 0.9"


def test_what_the_paper_leaves_open_is_shown_with_its_value():
    rows = {row.option: row for row in open_choices(settings_of("quick", epsilon=0.5))}
    assert (rows["epsilon"].paper, rows["epsilon"].run) == ("not given", "0.5")
    assert rows["random_start"].run == "yes"
