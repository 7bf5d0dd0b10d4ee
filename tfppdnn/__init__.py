"""tfppdnn: cloud image classification on images that nobody can see.

Importing it is cheap: TensorFlow is loaded when something needs it.
"""

from __future__ import annotations

from tfppdnn.processor import prepare
from tfppdnn.registration import register_with_keras

__version__ = "0.1.0"
__all__ = ["__version__", "load_protector"]

prepare()  # TensorFlow looks once, when it is imported.
register_with_keras()


def __getattr__(name: str):
    if name == "load_protector":
        from tfppdnn.loading import load_protector

        return load_protector
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
