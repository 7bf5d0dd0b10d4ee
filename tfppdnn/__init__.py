"""tfppdnn: cloud image classification on protected images only.

Importing it is cheap: TensorFlow is loaded when something needs it.
"""

from __future__ import annotations

import lazy_loader

from tfppdnn.processor import prepare
from tfppdnn.registration import register_with_keras

__version__ = "0.2.0.dev0"

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    # Called, it is `audit.auditing.audit`.
    submodules=["audit"],
    submod_attrs={
        "audit.report": ["AuditReport"],
        "classification.fit": ["ClassifierResult", "fit_classifier"],
        "protection.pipeline": ["TrainingResult", "train"],
        "protector.protector": ["Protector", "load_protector"],
        "protector.shipped": ["presets"],
    },
)
__all__ = [*__all__, "__version__"]

prepare()  # TensorFlow looks once, when it is imported.
register_with_keras()  # So that Keras loads what we have saved.
