"""Protectors that `train`, `export` and `Protector.save` have written, each named by its path."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.files import digest, read_json
from tfppdnn.protector.digests import SUMS, check_digest
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.scheme import Scheme
from tfppdnn.protector.shipped_digests import check_shipped
from tfppdnn.protector.trust import check_trusted

TFLITE, HALF_TFLITE, KERAS = "protector.tflite", "protector_fp16.tflite", "protector.keras"
NETWORKS = (".tflite", ".keras")
_OF_RUN, _SAVED_MODEL = f"checkpoints/{KERAS}", "protector"


def trained(path: Path, *, name: str | None = None, trust: bool = False) -> Origin:
    """Finds out what kind of protector a path holds.

    Args:
        path: A run folder, a folder that `Protector.save` has written, one of a shipped
            protector, a `.tflite` file, a `.keras` file or a SavedModel folder.
        name: What messages call it; the path if None.
        trust: Whether a SavedModel may be loaded, which is a program.

    Raises:
        UserError: It holds none.
    """
    told = {"name": name or os.fspath(path), "title": path.resolve().name}
    if path.is_file():
        return _keras_file(path, told) if path.suffix == ".keras" else _tflite_file(path, told)
    if (path / "config.json").is_file() or (path / TFLITE).is_file():
        return _run(path, told)
    if (path / HALF_TFLITE).is_file() and (path / KERAS).is_file():
        return _shipped_folder(path, told)
    if (path / "saved_model.pb").is_file():
        return _saved_model(path, told, trust=trust)
    if (path / KERAS).is_file():
        return _keras_file(path / KERAS, told)
    raise UserError(
        f"{path} holds neither protector.tflite nor saved_model.pb; name a run folder made by "
        "`train`, a protector.tflite, a .keras file or a SavedModel folder"
    )


def _run(path: Path, told: dict[str, str]) -> Origin:
    network = path / _OF_RUN
    made = [*sorted(path.glob("protector*.tflite")), path / _SAVED_MODEL, network]

    def tflite() -> Path:
        if not (path / TFLITE).is_file():
            raise UserError(
                f"{path} holds no protector.tflite yet: its training has not finished, or a "
                "file was refused; give the same `train` command again"
            )
        return path / TFLITE

    return Origin(
        **told,
        load=lambda: _litert(tflite()),
        identity=lambda: digest(tflite()),
        network=partial(_network, network) if network.is_file() else None,
        files={file.relative_to(path).as_posix(): file for file in made if file.exists()},
        # A folder that was saved is none: nobody knows what its images were.
        run=path if (path / "config.json").is_file() else None,
        trained_on=partial(_data_set, path / "config.json"),
    )


def _shipped_folder(path: Path, told: dict[str, str]) -> Origin:
    tflite, network = path / HALF_TFLITE, path / KERAS
    return Origin(
        **told,
        load=partial(_litert, tflite),
        identity=partial(digest, tflite, network),
        # It does the same up to the rounding of 8 bits.
        network=partial(_network, network),
        files={file.name: file for file in _entries(path) if file.is_file()},
        trained_on=partial(_data_set, path / "card.json", "run", "config"),
    )


def _data_set(path: Path, *parts: str) -> Mapping[str, Any] | None:
    """What a file says of the data set, if there is one; of one that was tampered with, nothing."""
    found = read_json(path) if path.is_file() else {}
    for part in (*parts, "dataset"):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else None


def _tflite_file(path: Path, told: dict[str, str]) -> Origin:
    return Origin(
        **told, load=partial(_litert, path), identity=partial(digest, path), files={TFLITE: path}
    )


def _keras_file(path: Path, told: dict[str, str]) -> Origin:
    def load() -> Scheme:
        from tfppdnn.protector.keras_file import KerasScheme

        return KerasScheme(_network(path))

    return Origin(
        **told,
        load=load,
        identity=partial(digest, path),
        network=partial(_network, path),
        files={KERAS: path},
    )


def _saved_model(path: Path, told: dict[str, str], *, trust: bool) -> Origin:
    def load() -> Scheme:
        check_trusted(path, trust=trust)
        from tfppdnn.protector.saved_model import SavedModelScheme

        check_digest(path)
        return SavedModelScheme(path)

    return Origin(
        **told,
        load=load,
        identity=lambda: digest(*_files(path)),
        files={file.name: file for file in _entries(path)},
    )


def _entries(folder: Path) -> list[Path]:
    """What was made, and not the digests of it."""
    return sorted(path for path in folder.iterdir() if path.name != SUMS)


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != SUMS)


# The runtimes are imported by whoever protects, not by whoever asks for a name.
def _litert(path: Path) -> Scheme:
    from tfppdnn.protector.litert import LiteRTScheme

    check_files(path)
    return LiteRTScheme(path)


def _network(path: Path):
    from tfppdnn.protector.keras_file import load_network

    check_files(path)
    return load_network(path)


def check_files(path: Path) -> None:
    """Compares a file or folder with what was recorded of it, if anything was.

    Raises:
        UserError: It is another.
    """
    check_shipped(path)
    check_digest(path)
