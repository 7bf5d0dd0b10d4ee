"""Comparing what was exported with the Keras model, on real images."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np

from tfppdnn.errors import UserError
from tfppdnn.exporting.runners import Runner, saved_model_runners, tflite_runner, web_runners
from tfppdnn.models.code import RoundToLevels, code_of
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.models.randomized_response import noise_taken
from tfppdnn.models.tiles import DrawTiles
from tfppdnn.quiet import silenced
from tfppdnn.system_noise import system_noise

# Largest share of values that may differ, and those by one grey level only. The int8 file
# is not held to a limit: what it costs is reported.
LARGEST_SHARE = {
    "protector": 0.001,
    "protector.tflite": 0.001,
    "protector_fp16.tflite": 0.02,
    "protector_int8.tflite": math.inf,
    "protector_web.tflite": 0.001,
}

# Of a protector that rounds to a code: a number half-way between two levels may fall to either
# side, and the picture drawn from another code is another one. Those may be so many of all, or one.
_LARGEST_SHARE_OF_OTHER_CODES = 0.01

# Where each number is drawn as a tile, another level of it changes that tile and nothing else: so
# large a share of the values may lie one level off.
_LARGEST_SHARE_OF_OTHER_TILES = 0.005

# Images that are run at other sizes than their own; a browser image may be 49 times as large.
_AT_OTHER_SIZE = 16
_AT_WEB_SIZES = 8


class VerificationError(UserError):
    """An exported file does not do what the Keras model does, and was removed.

    Attributes:
        figures: What was measured, by file name; of all files if several were compared.
    """

    def __init__(self, message: str, figures: Mapping[str, Any] | None = None):
        super().__init__(message)
        self.figures = dict(figures or {})


def verify_protector_files(
    model: keras.Model,
    files: Mapping[str, str | os.PathLike[str]],
    images: np.ndarray,
    *,
    accuracy: Callable[[np.ndarray], float] | None = None,
) -> dict[str, dict[str, Any]]:
    """Compares exported protectors with the Keras model, in grey levels after rounding.

    Every file runs on `images` at their own size and on some of them tiled to an odd
    size (the browser file at each of its sizes). A file that differs by more than one grey
    level, or by one on a larger share of values than `LARGEST_SHARE`, is removed. Of a model
    that rounds to a code, one picture in a hundred, or a single one of fewer, may get another code
    and is left out of that. Of one that draws its code as tiles, a tile may be off by one step of
    the code, on at most one value in two hundred.

    Args:
        model: h_p, float32 [N, H, W, 3] in [0, 1] to the same.
        files: Where each file stands, by its name in `LARGEST_SHARE`.
        images: uint8 [N, H, W, 3], real images.
        accuracy: Maps protected `images`, uint8 [N, H, W, 3], to the accuracy of a classifier
            on them; reported for the Keras model and for the int8 file.

    Returns:
        For each file `max_difference` and `mean_difference` in grey levels,
        `share_differing` in [0, 1], `values` (how many were compared) and `bytes`; where a model
        rounds to a code, `pictures` and `other_codes`, how many of them; for the int8 file with
        `accuracy` also `accuracy` and `accuracy_of_float`.

    Raises:
        VerificationError: A file differs or cannot be run; it was removed, and the files named
            after it were not looked at.
        ValueError: `images` is not uint8 [N, H, W, 3] with N > 0.
    """
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] != 3 or not images.size:
        raise ValueError(f"images must be uint8 [N, H, W, 3], not {images.dtype} {images.shape}")
    code = code_of(model)
    # Of words, another one changes all tiles.
    with_tiles = isinstance(code, RoundToLevels) and any(
        isinstance(layer, DrawTiles) for layer in model.layers
    )
    with_code = code is not None and not with_tiles
    step = math.ceil(255 / (code.levels - 1)) if with_tiles else 1
    figures = {}
    for name, path in files.items():
        path = Path(path)
        try:
            with silenced():
                pairs = list(_pairs(name, path, model, images))
                figures[name] = {
                    **differences(
                        pairs, with_code=with_code and not math.isinf(LARGEST_SHARE[name])
                    ),
                    "bytes": _size(path),
                }
        except Exception as error:
            _remove(path)
            raise VerificationError(f"{name} cannot be run ({error}); it was removed") from error
        if name == "protector_int8.tflite" and accuracy is not None:
            expected, protected = pairs[0]
            figures[name]["accuracy_of_float"] = float(accuracy(expected))
            figures[name]["accuracy"] = float(accuracy(protected))
        _refuse_if_different(name, path, figures, step=step)
    return figures


def _pairs(
    name: str, path: Path, model: keras.Model, images: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields, in pairs, what Keras and what the file make of the same images and noise."""
    random_numbers = noise_taken(model)

    def compare(runner: Runner, some: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if random_numbers is None:
            return run_on_images(model, some, batch_size=32), runner(some)
        noise = system_noise(len(some), random_numbers)
        return run_on_images(model, some, batch_size=32, noise=noise), runner(some, noise)

    if name == "protector_web.tflite":
        for size, runner in web_runners(path).items():
            yield compare(runner, _tiled(_spread(images, _AT_WEB_SIZES), size, size))
    else:
        runners = saved_model_runners(path) if name == "protector" else [tflite_runner(path)]
        for runner in runners:
            yield compare(runner, images)
            yield compare(runner, _at_odd_size(_spread(images, _AT_OTHER_SIZE)))


def _spread(images: np.ndarray, count: int) -> np.ndarray:
    return images[:: max(1, len(images) // count)][:count]


def _at_odd_size(images: np.ndarray) -> np.ndarray:
    # Odd numbers are a multiple of no power of two. Larger, not smaller: where the deepest
    # features are two pixels, instance normalization blows up the last bit of a float32.
    height, width = images.shape[1:3]
    return _tiled(images, height * 3 // 2 | 1, width * 5 // 4 | 1)


def _tiled(images: np.ndarray, height: int, width: int) -> np.ndarray:
    rows, columns = -(-height // images.shape[1]), -(-width // images.shape[2])
    return np.tile(images, (1, rows, columns, 1))[:, :height, :width]


def differences(pairs: list[tuple[np.ndarray, np.ndarray]], *, with_code: bool) -> dict[str, Any]:
    """Measures how far pictures are from what they should be.

    Args:
        pairs: Expected and made pictures, uint8 [N, H, W, 3] each.
        with_code: Whether they are drawn from a rounded code, so that few may be others.

    Returns:
        See `verify_protector_files`.

    Raises:
        ValueError: Pictures changed their size, or are no bytes.
    """
    for expected, protected in pairs:
        if expected.shape != protected.shape or protected.dtype != np.uint8:
            raise ValueError(f"it maps {expected.shape} to {protected.dtype} {protected.shape}")
    pictures = [
        np.abs(a.astype(np.int16) - b) for some in pairs for a, b in zip(*some, strict=True)
    ]
    codes = {}
    if with_code:
        alike = [levels for levels in pictures if levels.max() <= 1]
        codes = {"pictures": len(pictures), "other_codes": len(pictures) - len(alike)}
        if codes["other_codes"] <= _most_other_codes(len(pictures)):
            pictures = alike
    levels = np.concatenate([levels.ravel() for levels in pictures])
    return {
        **codes,
        "max_difference": int(levels.max()),
        "mean_difference": float(levels.mean()),
        "share_differing": float((levels > 0).mean()),
        "values": int(levels.size),
    }


def _most_other_codes(pictures: int) -> int:
    return max(1, int(_LARGEST_SHARE_OF_OTHER_CODES * pictures))


def _refuse_if_different(
    name: str, path: Path, figures: dict[str, dict[str, Any]], *, step: int
) -> None:
    """Removes a file, and says why; `step` is how far a value may be off, in grey levels."""
    figure, allowed = figures[name], LARGEST_SHARE[name]
    if step > 1:
        allowed = max(allowed, _LARGEST_SHARE_OF_OTHER_TILES)
    if math.isinf(allowed):
        return
    if figure.get("other_codes", 0) > _most_other_codes(figure.get("pictures", 0)):
        _remove(path)
        raise VerificationError(
            f"{name} gives {figure['other_codes']} of {figure['pictures']} pictures another code "
            f"than the Keras model does (allowed: {_most_other_codes(figure['pictures'])}); it was "
            "removed; fewer --code_levels, or --privacy_choices, lie further apart",
            figures,
        )
    if figure["max_difference"] > step or figure["share_differing"] > allowed:
        _remove(path)
        raise VerificationError(
            f"{name} differs from the Keras model by up to {figure['max_difference']} grey "
            f"levels and on {figure['share_differing']:.2%} of values (allowed: {step} and "
            f"{allowed:.1%}); it was removed",
            figures,
        )


def _size(path: Path) -> int:
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
