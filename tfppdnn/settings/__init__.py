"""Presets: every setting of a verb, at three scales.

Every field is an option of its own name on the command line.
"""

from tfppdnn.settings.training import (
    PRESETS,
    Cpu,
    Paper,
    Preset,
    Quick,
    make_preset,
    settings_help,
)

__all__ = ["PRESETS", "Cpu", "Paper", "Preset", "Quick", "make_preset", "settings_help"]
