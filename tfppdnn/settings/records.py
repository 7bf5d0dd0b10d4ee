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
    if not isinstance(name, str) or name not in objectives:
        raise UserError(f"--objective={name}: must be {' or '.join(objectives)}")
    options = dict(options)
    if name == "hardened" and "gamma" in options:
        # Once that weight of both objectives was the second of gamma.
        gamma = CycleGANObjective().replaced({"gamma": options["gamma"]}).gamma
        options.setdefault("classification_weight", gamma[1])
    pool_size = options.get("pool_size")
    transformation = TransformationSettings(
        objective=objectives[name](),
        pool_size=max(50, pool_size) if isinstance(pool_size, int) else 50,
    )
    return TrainingSettings(transformation=transformation).replaced(options)
