"""Protectors that `train` and `export` have written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tfppdnn.client.litert_protector import LiteRTProtector
from tfppdnn.errors import UserError
from tfppdnn.files import digest
from tfppdnn.loading.keras_file import KerasProtector, load_network
from tfppdnn.loading.saved_model import SavedModelProtector
from tfppdnn.loading.source import Source
from tfppdnn.run_folder import RunFolder
from tfppdnn.types import Protector


def trained_source(path: Path) -> Source:
    """Finds out what kind of protector a path holds.

    Raises:
        UserError: It holds none.
    """
    if path.is_file():
        return _KerasFile(path) if path.suffix == ".keras" else _TFLiteFile(path)
    if (path / "config.json").is_file() or (path / "protector.tflite").is_file():
        return _Run(path)
    if (path / "saved_model.pb").is_file():
        return _SavedModelFolder(path)
    raise UserError(
        f"{path} holds neither protector.tflite nor saved_model.pb; name a run folder made by "
        "`train`, a protector.tflite, a .keras file or a SavedModel folder"
    )


class _Trained(Source):
    def __init__(self, path: Path):
        self.path = path

    @property
    def title(self) -> str:
        return self.path.resolve().name


class _TFLiteFile(_Trained):
    def load(self) -> Protector:
        return LiteRTProtector(self.path)

    def identity(self) -> str:
        return digest(self.path)


class _KerasFile(_Trained):
    def load(self) -> Protector:
        return KerasProtector(self.path)

    def differentiable(self) -> Callable:
        return load_network(self.path)

    def identity(self) -> str:
        return digest(self.path)


class _SavedModelFolder(_Trained):
    def load(self) -> Protector:
        return SavedModelProtector(self.path)

    def identity(self) -> str:
        return digest(*sorted(path for path in self.path.rglob("*") if path.is_file()))


class _Run(_Trained):
    is_run = True

    def load(self) -> Protector:
        return LiteRTProtector(self._tflite())

    def differentiable(self) -> Callable | None:
        path = RunFolder(self.path).protector
        return load_network(path) if path.is_file() else None

    def identity(self) -> str:
        return digest(self._tflite())

    def _tflite(self) -> Path:
        path = self.path / "protector.tflite"
        if not path.is_file():
            raise UserError(
                f"{self.path} holds no protector.tflite yet: its training has not finished, or a "
                "file was refused; give the same `train` command again"
            )
        return path
