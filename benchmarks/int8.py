"""The file of 8-bit weights beside that of float32: how fast, and how far off."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import protector_files
from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import run
from benchmarks.photographs import photographs

# Of the batch-normalised protector at the size that it sees all pictures at.
_TARGET = 1.5
_COMPARED = 300


def protect(path: str, side: int) -> Work:
    """LiteRT on one image, in one thread."""
    from tfppdnn.protector.litert import LiteRTScheme

    protector = LiteRTScheme(path)
    image = photographs(1, side)[0]
    return Work(call=lambda: protector.protect(image), items=1)


def _measure(network: str, side: int, rounds: int | None) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        files = {kind: f"{folder}/{kind}.tflite" for kind in ("int8", "float32")}
        spawning = multiprocessing.get_context("spawn")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawning) as pool:
            note = pool.submit(_write, network, side, files).result()
        int8, float32 = (
            Contender(name=kind, prepare="benchmarks.int8:protect", settings=settings)
            for kind, settings in (
                (kind, {"path": path, "side": side}) for kind, path in files.items()
            )
        )
        comparison = Comparison(
            name=_name(network, side),
            what=f"{network}: one image of {side}x{side} at a time, LiteRT in one thread, 8-bit "
            "weights beside float32 ones",
            ours=int8,
            peers=(float32,),
            targets={"float32": _TARGET},
            seconds=0.5,
        )
        return {**run(comparison, rounds=rounds), "notes": [note]}


def _write(network: str, side: int, files: dict[str, str]) -> str:
    """Writes both files, and says how far the pictures that they make are apart."""
    from tfppdnn.exporting.tflite import float32_tflite, fully_quantizable, int8_tflite
    from tfppdnn.protector.litert import LiteRTScheme

    model = protector_files.keras_protector(network)
    Path(files["float32"]).write_bytes(float32_tflite(model))
    # Its ranges are learned from other pictures than it is tried on.
    Path(files["int8"]).write_bytes(int8_tflite(model, photographs(200, 32, seed=1)))
    images = photographs(_COMPARED if side <= 64 else 30, side)
    protected = {kind: LiteRTScheme(path).protect(images) for kind, path in files.items()}
    levels = np.abs(protected["int8"].astype(np.int16) - protected["float32"])
    another = np.abs(
        protected["float32"].astype(np.int16) - np.roll(protected["float32"], 1, axis=0)
    )
    integers = "in integers" if fully_quantizable(model) else "in floats, from 8-bit weights"
    return (
        f"Computed {integers}. {np.mean(levels > 0):.0%} of the values of {len(images)} pictures "
        f"differ, by {levels.mean():.1f} grey levels on average; "
        f"{np.mean(levels.max(axis=(1, 2, 3)) > 8):.0%} of the pictures by more than 8 somewhere. "
        f"(Protected pictures of different images are {another.mean():.1f} apart.)"
    )


def _name(network: str, side: int) -> str:
    return f"int8_{network}_{side}"


MEASURES = {
    _name(network, side): (
        lambda rounds, network=network, side=side: _measure(network, side, rounds)
    )
    for network, side in (
        (protector_files.SHIPPED, 32),
        (protector_files.SHIPPED, 224),
        (protector_files.UNET, 32),
        (protector_files.UNET, 224),
    )
}
