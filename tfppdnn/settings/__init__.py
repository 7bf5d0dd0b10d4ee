"""Settings, a group a stage, and presets of them at three scales.

Every setting is an option of its own name on the command line.
"""

from tfppdnn.settings.photos import PhotoSettings
from tfppdnn.settings.presets import OF_THE_SCHEME, PRESETS, make_settings, settings_help
from tfppdnn.settings.records import recorded
from tfppdnn.settings.run import RunSettings
from tfppdnn.settings.training import OF_STAGE, TrainingSettings

__all__ = [
    "OF_STAGE",
    "OF_THE_SCHEME",
    "PRESETS",
    "PhotoSettings",
    "RunSettings",
    "TrainingSettings",
    "make_settings",
    "recorded",
    "settings_help",
]
