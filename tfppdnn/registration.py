"""Tells Keras of our layers and models, so that `keras.models.load_model` finds them.

They are registered when their modules are imported, which needs Keras, which nobody should wait
for who has not asked for it. So if Keras is loaded they are imported at once; otherwise Python's
import system is asked to do so right after it has loaded Keras.
"""

from __future__ import annotations

import importlib.util
import sys
from importlib.abc import MetaPathFinder

NETWORKS = "tfppdnn.models"
TRAINED_WITH_TENSORFLOW = (
    "tfppdnn.protection.cyclegan",
    "tfppdnn.protection.hardened",
    "tfppdnn.protection.projected_gradient_descent",
)


def register_with_keras() -> None:
    """Registers all layers and models with Keras, now or as soon as it is loaded."""
    if sys.modules.get("keras") is not None:
        _register()
    else:
        sys.meta_path.insert(0, _AfterKeras())


class _AfterKeras(MetaPathFinder):
    """Finds nothing itself; has `_register` called after Keras's own code has run."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "keras":
            return None
        sys.meta_path.remove(self)  # Or it would be asked again, without end.
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            sys.meta_path.insert(0, self)
        if spec is not None and spec.loader is not None:
            execute = spec.loader.exec_module

            def execute_and_register(module):
                execute(module)
                sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not self]
                _register()

            spec.loader.exec_module = execute_and_register
        return spec


def _register() -> None:
    importlib.import_module(NETWORKS)
    if sys.modules["keras"].backend.backend() == "tensorflow":
        for name in TRAINED_WITH_TENSORFLOW:
            importlib.import_module(name)
