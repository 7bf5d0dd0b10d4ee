"""Along which weight an objective trades secrecy for accuracy."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.settings import OF_STAGE, TrainingSettings, make_settings, recorded


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A curve of a frontier.

    Attributes:
        setting: The setting that differs along it.
        weight: What that is in words.
        values: Its values if none are asked for, as on the command line.
        of_value: From the settings of a training and a value to the setting's.
        value_in: From the settings of a training to the value.
    """

    setting: str
    weight: str
    values: str
    of_value: Callable[[TrainingSettings, float], Any]
    value_in: Callable[[TrainingSettings], float]


def _gamma(settings: TrainingSettings, value: float) -> tuple[float, float, float]:
    perceptual, _, reconstruction = settings.transformation.objective.gamma
    return perceptual, value, reconstruction


SWEEPS: Mapping[str, Sweep] = {
    "cyclegan": Sweep(
        setting="gamma",
        weight="classification weight",
        values="0.3,1,3",
        of_value=_gamma,
        value_in=lambda settings: settings.transformation.objective.gamma[1],
    ),
    "hardened": Sweep(
        setting="hiding_weight",
        weight="hiding weight",
        values="0.3,1,3",
        of_value=lambda settings, value: value,
        value_in=lambda settings: settings.transformation.objective.hiding_weight,
    ),
}
"""Every objective's, by its name."""


def settings_of(objective: str, preset: str, options: Mapping[str, Any]) -> TrainingSettings:
    """The settings of an objective's trainings, but for what differs along its curve.

    Args:
        objective: A key of `SWEEPS`.
        preset: A preset's name.
        options: Settings that were asked for; those of another objective are passed by.
    """
    settings = make_settings(preset, {"objective": objective})
    return settings.replaced(options)


def at_value(objective: str, settings: TrainingSettings, value: float) -> TrainingSettings:
    """The settings of one training of a curve.

    Raises:
        UserError: There is no such value.
    """
    sweep = SWEEPS[objective]
    try:
        return settings.replaced({sweep.setting: sweep.of_value(settings, value)})
    except UserError as error:
        reason = str(error).partition(": ")[2]
        raise UserError(f"--{objective}_values={value:g}: {reason}") from error


def place_of(
    found: Mapping[str, Any], preset: str, options: Mapping[str, Any]
) -> tuple[str, float] | None:
    """Finds where a run that is there lies among those that a frontier would make.

    Args:
        found: Its settings, as `config.json` holds them.
        preset: The frontier's preset.
        options: Settings that the frontier was asked for.

    Returns:
        Its objective and its value; None if more than the curve's weight differs, of all that
        h_p depends on.
    """
    settings = recorded(found)
    objective = settings.transformation.objective.name
    value = SWEEPS[objective].value_in(settings)
    expected = at_value(objective, settings_of(objective, preset, options), value)
    groups = {*OF_STAGE["transformation_network"]} - {"computing"}
    made, wanted = settings.options(*groups), expected.options(*groups)
    # Where the perceptual features' weights lie says nothing of what they are.
    differing = {name for name in made if made[name] != wanted[name]} - {"perceptual_weights"}
    return None if differing else (objective, value)
