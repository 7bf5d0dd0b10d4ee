"""Along which weight an objective trades secrecy for accuracy."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfppdnn.classification import training as classifier_training
from tfppdnn.errors import UserError
from tfppdnn.protection import first_stages
from tfppdnn.settings import Preset, make_preset


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A curve of a frontier.

    Attributes:
        preset: The preset that its protectors are trained with; the frontier's own if None.
        setting: The setting that differs along it.
        weight: What that is in words.
        values: Its values if none are asked for, as on the command line.
        overrides: From the preset and a value to the settings that differ from the preset's.
        value_in: From a run's settings, as `config.json` holds them, to the value.
    """

    preset: str | None
    setting: str
    weight: str
    values: str
    overrides: Callable[[Preset, float], dict[str, Any]]
    value_in: Callable[[Mapping[str, Any]], float]


# Where the perceptual features' weights lie says nothing of what they are.
_NOT_OF_THE_PROTECTOR = {*classifier_training.SETTINGS, "perceptual_weights"} - {
    "augment_flip",
    "mixed_precision",
}

SWEEPS = {
    "cyclegan": Sweep(
        preset=None,
        setting="gamma",
        weight="classification weight",
        values="0.3,1,3",
        overrides=lambda preset, value: {"gamma": (preset.gamma[0], value, preset.gamma[2])},
        value_in=lambda settings: settings["gamma"][1],
    ),
    "hardened": Sweep(
        preset="hardened",
        setting="hiding_weight",
        weight="hiding weight",
        values="0.3,1,3",
        overrides=lambda preset, value: {"hiding_weight": value},
        value_in=lambda settings: settings["hiding_weight"],
    ),
}
"""Every objective's, by its name."""


def trainings(
    objective: str, values: Sequence[float], chosen: Preset, settings: dict[str, Any]
) -> Iterator[tuple[float, dict[str, Any]]]:
    """Yields each value with the options of its training, but for data set, seed and folders.

    All trainings agree in what the reference classifier and the preliminary images depend on,
    so that they can start from the same.

    Args:
        objective: A key of `SWEEPS`.
        values: Along the curve.
        chosen: The frontier's preset, with `settings`.
        settings: Settings that were asked for.

    Raises:
        UserError: A setting or a value does not fit the objective's preset.
    """
    sweep, own = SWEEPS[objective], _own_preset(objective, chosen, settings)
    options = dict(settings) if sweep.preset is None else {"preset": sweep.preset, **settings}
    for name in first_stages.SETTINGS:
        if getattr(own, name) != getattr(chosen, name):
            options[name] = getattr(chosen, name)
    same = {name: getattr(chosen, name) for name in first_stages.SETTINGS}
    trained = dataclasses.replace(own, **same)
    for value in values:
        differing = sweep.overrides(own, value)
        try:
            dataclasses.replace(trained, **differing)
        except UserError as error:
            reason = str(error).partition(": ")[2]
            raise UserError(f"--{objective}_values={value:g}: {reason}") from error
        yield value, {**options, **differing}


def place_of(
    found: Mapping[str, Any], chosen: Preset, settings: dict[str, Any]
) -> tuple[str, float] | None:
    """Finds where a run that is there lies among those that `trainings` would make.

    Args:
        found: Its settings, as `config.json` holds them.
        chosen: The frontier's preset, with `settings`.
        settings: Settings that were asked for.

    Returns:
        Its objective and its value; None if more than the curve's weight differs, of all that
        h_p depends on.
    """
    # Runs of earlier versions knew one objective.
    objective = found.get("objective", "cyclegan")
    sweep, own = SWEEPS[objective], _own_preset(objective, chosen, settings)
    value = sweep.value_in(found)
    same = {name: getattr(chosen, name) for name in first_stages.SETTINGS}
    expected = dataclasses.asdict(dataclasses.replace(own, **same, **sweep.overrides(own, value)))
    for name in expected.keys() - _NOT_OF_THE_PROTECTOR:
        made = found.get(name, getattr(Preset, name))
        if made != (list(expected[name]) if isinstance(expected[name], tuple) else expected[name]):
            return None
    return objective, value


def _own_preset(objective: str, chosen: Preset, settings: dict[str, Any]) -> Preset:
    preset = SWEEPS[objective].preset
    return chosen if preset is None else make_preset(preset, settings)
