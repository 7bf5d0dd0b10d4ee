"""Settings, a group a stage, and presets of them at three scales.

Every setting is an option of its own name on the command line.
"""

from tfppdnn.settings.presets import PRESETS, make_settings, settings_help
from tfppdnn.settings.training import OF_STAGE, TRAINED, TrainingSettings, recorded

__all__ = [
    "OF_STAGE",
    "PRESETS",
    "TRAINED",
    "TrainingSettings",
    "make_settings",
    "recorded",
    "settings_help",
]
