"""Reading settings back from a run's record, of any version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.settings.photos import PhotoSettings
from tfppdnn.settings.run import RunSettings
from tfppdnn.settings.training import (
    CycleGANObjective,
    HardenedObjective,
    TrainingSettings,
    TransformationSettings,
)


def recorded(options: Mapping[str, Any]) -> RunSettings:
    """Reads the settings of a run from the options in its `config.json`, of any version.

    Args:
        options: Values by option. Those that the record does not have are the paper's.

    Raises:
        UserError: A value is none that a run can have.
    """
    if "trunk_size" in options:
        return PhotoSettings().replaced(options)
    objectives = {"cyclegan": CycleGANObjective, "hardened": HardenedObjective}
    # The first version knew one objective, and did not say so.
    name = options.get("objective", "cyclegan")
    if name not in objectives:
        raise UserError(f"--objective={name}: must be {' or '.join(objectives)}")
    options = dict(options)
    if name == "hardened" and "gamma" in options:
        # Once that weight of both objectives was the second of gamma.
        options.setdefault("classification_weight", options["gamma"][1])
    transformation = TransformationSettings(
        objective=objectives[name](), pool_size=max(50, options.get("pool_size", 50))
    )
    return TrainingSettings(transformation=transformation).replaced(options)
