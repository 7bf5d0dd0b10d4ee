"""Where a run departs from the paper, and where the paper leaves a choice open.

The run's report and the documentation both read their tables from here; the words are in
reasons.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfppdnn.reports.reasons import CHOSEN, OPEN_CHOICES, REASONS, SHORTER, SIZED, Row
from tfppdnn.settings import make_settings

_PAPER = make_settings("paper").options()

# Where no run of ours follows the paper to the letter, its preset holds our value.
_THE_PAPER_SAYS = {
    "classification_weight": _PAPER["gamma"][1],
    "discriminator_strided_layers": 3,
    "perceptual_weights": "imagenet",
    "perceptual_cap": "off",
}

# What only some runs use.
_OF_A_ROUNDED_CODE = frozenset({"code_size", "code_levels"})
_OF_WORDS = frozenset({"privacy_epsilon", "privacy_words", "privacy_choices"})
_OF_THE_HARDENED = frozenset(
    {"classification_weight", "feature_weight", "feature_stages", "hiding_weight"}
)
_OF_THE_CYCLEGAN = frozenset({"gamma", "perceptual_weights", "perceptual_cap"})
_OF_THE_UNETS = frozenset({"generator_width", "generator_depth", "generator_norm"})


def paper_value(field: str) -> Any:
    """What the paper says of a setting, where it says anything (see `REASONS`)."""
    return _THE_PAPER_SAYS.get(field, _PAPER.get(field))


def in_use(field: str, settings: Mapping[str, Any]) -> bool:
    """Whether a run of these settings uses one of them: an objective has its own, a network too."""
    hardened = settings.get("objective", "cyclegan") == "hardened"
    through_code = settings.get("protector_network", "unet") == "bottleneck"
    noisy = bool(settings.get("privacy_epsilon"))
    if field in _OF_WORDS:
        return noisy
    if field in _OF_A_ROUNDED_CODE:
        return through_code and not noisy
    if field == "decoder_width":
        return through_code
    if field == "restorer_width":
        return through_code and hardened
    if field in _OF_THE_HARDENED:
        return hardened
    if field in _OF_THE_CYCLEGAN:
        return not hardened
    return not (field in _OF_THE_UNETS and hardened and through_code)


def deviations(settings: Mapping[str, Any], *, train_images: int | None = None) -> list[Row]:
    """Lists the settings whose value differs from the one the paper gives.

    Args:
        settings: Values by option; those that are missing count as the paper's.
        train_images: Size of the training set, to tell steps in epochs.

    Returns:
        One row a differing setting, in the order of `REASONS`.
    """
    rows = []
    for field, (name, reason) in REASONS.items():
        paper = _comparable(paper_value(field))
        run = _comparable(settings.get(field, paper))
        if run == paper or not in_use(field, settings):
            continue
        if field == "transform_epochs" and settings.get("transform_steps"):
            continue  # Where steps are counted, epochs are not.
        if not _reason_fits(field, paper, run, settings):
            reason = CHOSEN
        by_paper, by_run = in_words(field, paper), in_words(field, run)
        if field == "transform_steps":
            by_paper = in_words("transform_epochs", _PAPER["transform_epochs"])
            if train_images:
                batch_size = settings.get("transform_batch_size", _PAPER["transform_batch_size"])
                by_run += f", about {run * batch_size / train_images:,.0f} epochs"
        rows.append(Row(name, field, by_paper, by_run, reason))
    return rows


def _reason_fits(field: str, paper: Any, run: Any, settings: Mapping[str, Any]) -> bool:
    """Whether a value departs from the paper's to the side that its reason speaks of."""
    if field == "lambda_":
        return run > paper
    if field == "gamma":
        return run[1] > paper[1] and settings.get("lambda_", _PAPER["lambda_"]) > _PAPER["lambda_"]
    if REASONS[field][1] in (SIZED, SHORTER) and field != "transform_steps":
        return run < paper
    return True


def open_choices(settings: Mapping[str, Any]) -> list[Row]:
    """Lists the settings that the paper does not give, with the value of a run."""
    return [
        Row(name, field, "not given", in_words(field, settings[field]), reason)
        for field, (name, reason) in OPEN_CHOICES.items()
        if field in settings and in_use(field, settings)
    ]


def in_words(field: str, value: Any) -> str:
    """Writes a setting's value for people.

    Args:
        field: The setting.
        value: Its value, as settings or `config.json` hold it.

    Returns:
        Plain text, not escaped.
    """
    if isinstance(value, (list, tuple)):
        return ", ".join(in_words(field, number) for number in value)
    if (field, value) in _SPECIAL_VALUES:
        return _SPECIAL_VALUES[field, value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return str(value)
    number = f"{value:,}" if isinstance(value, int) else f"{value:g}"
    # A typographer's minus; the one of an exponent stays.
    number = f"\N{MINUS SIGN}{number[1:]}" if value < 0 else number
    return number + _UNITS.get(field, "")


_SPECIAL_VALUES = {
    ("reference_width", 1.0): "full",
    ("classifier_width", 1.0): "full",
    ("test_images", 0): "all",
    ("preliminary_images", 0): "all",
    ("perceptual_cap", "off"): "none",
    ("perceptual_weights", None): "ImageNet's VGG16 if it can be had",
    ("perceptual_weights", "imagenet"): "ImageNet's VGG16",
    ("perceptual_weights", "reference"): "the reference classifier's",
    ("trunk", None): "that of the shipped `photos`",
    ("privacy_epsilon", 0.0): "no noise",
}
_UNITS = {
    "transform_steps": " steps",
    "transform_epochs": " epochs",
    "reference_width": " of full",
    "classifier_width": " of full",
    "generator_width": " channels",
    "discriminator_width": " channels",
}


def _comparable(value: Any) -> Any:
    # Through JSON and back, a tuple is a list.
    return list(value) if isinstance(value, tuple) else value
