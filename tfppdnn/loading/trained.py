"""Protectors that `train` and `export` have written."""

from __future__ import annotations

import hashlib
from pathlib import Path

from tfppdnn.client.litert_protector import LiteRTProtector
from tfppdnn.errors import UserError
from tfppdnn.loading.saved_model import SavedModelProtector
from tfppdnn.loading.source import Source
from tfppdnn.types import Protector

_DIGITS = 16


def trained_source(path: Path) -> Source:
    """Finds out what kind of protector a path holds.

    Raises:
        UserError: It holds none.
    """
    if path.is_file():
        return _TFLiteFile(path)
    if (path / "config.json").is_file() or (path / "protector.tflite").is_file():
        return _Run(path)
    if (path / "saved_model.pb").is_file():
        return _SavedModelFolder(path)
    raise UserError(
        f"{path} holds neither protector.tflite nor saved_model.pb; name a run folder made by "
        "`train`, a protector.tflite or a SavedModel folder"
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
        return _digest(self.path)


class _SavedModelFolder(_Trained):
    def load(self) -> Protector:
        return SavedModelProtector(self.path)

    def identity(self) -> str:
        return _digest(*sorted(path for path in self.path.rglob("*") if path.is_file()))


class _Run(_Trained):
    is_run = True

    def load(self) -> Protector:
        return LiteRTProtector(self._tflite())

    def load_for_batches(self) -> Protector:
        return SavedModelProtector(self.path / "protector")

    def identity(self) -> str:
        return _digest(self._tflite())

    def _tflite(self) -> Path:
        path = self.path / "protector.tflite"
        if not path.is_file():
            raise UserError(
                f"{self.path} holds no protector.tflite yet: its training has not finished, or a "
                "file was refused; give the same `train` command again"
            )
        return path


def _digest(*files: Path) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:_DIGITS]
