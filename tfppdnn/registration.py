"""Makes our layers and models known to Keras, so that `keras.models.load_model` finds them.

Keras knows a class when the module it stands in has been imported. Ours import Keras, which takes
seconds that a client does not have. So they are imported right after Keras is, whoever imports it,
and never if nobody does.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.util
import sys

_MODULES = (
    "tfppdnn.models.bottleneck",
    "tfppdnn.models.fake_pool",
    "tfppdnn.models.fronts",
    "tfppdnn.models.instance_normalization",
    "tfppdnn.models.layers",
    "tfppdnn.models.resizing",
    "tfppdnn.protection.cyclegan",
    "tfppdnn.protection.hardened",
)


def register() -> None:
    """Registers now if Keras has been imported, or else when it is."""
    if "keras" in sys.modules:
        _import_all()
    elif not any(isinstance(finder, _AfterKeras) for finder in sys.meta_path):
        sys.meta_path.insert(0, _AfterKeras())


def _import_all() -> None:
    for module in _MODULES:
        importlib.import_module(module)


class _AfterKeras(importlib.abc.MetaPathFinder):
    """Finds Keras as others do, and adds what is to be done after its import."""

    def find_spec(self, name, path=None, target=None):
        """Is asked for every module that is imported."""
        if name != "keras":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            spec.loader = _ThenRegister(spec.loader)
        return spec


class _ThenRegister(importlib.abc.Loader):
    def __init__(self, loader: importlib.abc.Loader):
        self._loader = loader

    def create_module(self, spec):
        """Is Keras's own loader's."""
        return self._loader.create_module(spec)

    def exec_module(self, module) -> None:
        """Imports Keras, then ours."""
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        _import_all()
