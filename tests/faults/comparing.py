"""What a folder holds, in a form in which two that should be equal are."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

_BY_BYTES = {".tflite", ".npy"}
_FIGURES = {"metrics.json", "audit.json"}


def results(folder: Path) -> dict[str, Any]:
    """Everything in a finished folder that must not depend on whether somebody was killed.

    Returns:
        By path: figures without times, digests of TFLite files and pictures, weights, and of
        SavedModels what they answer; of all other files that they are there. Logs are left out.
    """
    found: dict[str, Any] = {}
    for file in sorted(folder.rglob("*")):
        name = file.relative_to(folder)
        if file.is_dir() or name.parts[0] == "logs":
            # What is hidden is a leftover.
            if file.name.startswith("."):
                found[str(name)] = "a leftover"
        elif file.name in _FIGURES:
            found[str(name)] = json.dumps(_without_times(json.loads(file.read_text())))
        elif file.suffix in _BY_BYTES or (file.suffix == ".png" and "figures" not in name.parts):
            found[str(name)] = hashlib.sha256(file.read_bytes()).hexdigest()
        elif file.name == "saved_model.pb":
            found[str(name)] = _answers(file.parent)
        elif file.suffix == ".keras":
            found[str(name)] = _weights(file)
        elif "variables" not in name.parts:
            found[str(name)] = "there"
    return found


def differences(expected: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """Names what is missing, too much or different."""
    said = [f"{name} is missing" for name in expected.keys() - found.keys()]
    said += [f"{name} is too much" for name in found.keys() - expected.keys()]
    said += [
        f"{name} differs"
        for name in expected.keys() & found.keys()
        if not _equal(expected[name], found[name])
    ]
    return sorted(said)


def torn(folder: Path) -> list[str]:
    """Names the files with a name of their own that are not whole."""
    from PIL import Image

    said = []
    for file in folder.rglob("*"):
        # What is hidden is still being written; logs are appended to.
        if any(part.startswith(".") for part in file.relative_to(folder).parts):
            continue
        try:
            if file.suffix == ".json":
                json.loads(file.read_text())
            elif file.suffix == ".png":
                with Image.open(file) as picture:
                    picture.load()
            elif file.suffix in (".npz", ".keras") and zipfile.ZipFile(file).testzip():
                raise ValueError("damaged")
            elif file.name == "saved_model.pb" and not (file.parent / "variables").is_dir():
                raise ValueError("without variables")
        except Exception as error:  # Damaged bytes raise errors of every kind.
            said.append(f"{file.relative_to(folder)} is torn ({error})")
    return said


# Two exports of one model as a SavedModel differ by some bytes; TFLite files are compared whole.
_OF_NO_MATTER = {"seconds", "bytes"}


def _without_times(content: Any) -> Any:
    if isinstance(content, dict):
        return {name: _without_times(c) for name, c in content.items() if name not in _OF_NO_MATTER}
    return [_without_times(each) for each in content] if isinstance(content, list) else content


def _answers(folder: Path) -> dict[str, np.ndarray]:
    import tensorflow as tf

    images = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), np.uint8)
    ask = tf.saved_model.load(str(folder)).signatures["serving_default"]
    return {name: answer.numpy() for name, answer in ask(image=tf.constant(images)).items()}


def _weights(file: Path) -> dict[str, np.ndarray]:
    import h5py

    found: dict[str, np.ndarray] = {}

    def keep(name: str, item: Any) -> None:
        if hasattr(item, "shape"):
            found[name] = item[()]

    with (
        zipfile.ZipFile(file) as archive,
        archive.open("model.weights.h5") as inside,
        h5py.File(inside) as weights,
    ):
        weights.visititems(keep)
    return found


def _equal(one: Any, other: Any) -> bool:
    if not isinstance(one, dict):
        return one == other
    return one.keys() == other.keys() and all(_alike(one[name], other[name]) for name in one)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    if one.dtype.kind == "f":
        return one.shape == other.shape and np.allclose(one, other, rtol=0, atol=1e-6)
    return np.array_equal(one, other)
