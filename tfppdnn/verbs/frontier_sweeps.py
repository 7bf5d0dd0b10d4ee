"""Along which weight an objective trades secrecy for accuracy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tfppdnn.presets import Preset, make_preset
from tfppdnn.verbs import first_stages


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
        UserError: A setting does not fit the objective's preset.
    """
    sweep = SWEEPS[objective]
    own = chosen if sweep.preset is None else make_preset(sweep.preset, settings)
    options = dict(settings) if sweep.preset is None else {"preset": sweep.preset, **settings}
    for name in first_stages.SETTINGS:
        if getattr(own, name) != getattr(chosen, name):
            options[name] = getattr(chosen, name)
    for value in values:
        yield value, {**options, **sweep.overrides(own, value)}
