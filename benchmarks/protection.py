"""Protecting images in memory: what `protect` runs, beside ONNX Runtime and PyTorch."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import protector_files
from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import run
from benchmarks.photographs import photographs
from tfppdnn.protector.processors import processors

# One grey level of those around 128, as numbers that lie half-way may be rounded to either side.
_ONE_LEVEL = 0.008
_COMPARED = 16
# Of the matrices whose product is the most that the processor can do.
_SIZE = 2048


def ours(folder: str, side: int, batch: int) -> Work:
    """LiteRT, as `tfppdnn.load_protector` loads it: a batch is spread over all processors."""
    from tfppdnn.protector.litert import LiteRTScheme

    return _work(LiteRTScheme(Path(folder) / "protector.tflite").protect, side, batch)


def onnx_runtime(folder: str, side: int, batch: int, threads: int) -> Work:
    """ONNX Runtime on a file of this very size of images."""
    from benchmarks.peers.onnx_networks import runner

    return _work(runner(f"{folder}/protector.onnx", threads=threads), side, batch)


def pytorch(folder: str, side: int, batch: int, threads: int, kind: str) -> Work:
    """PyTorch eager, channels last, which it is faster with here."""
    import torch

    from benchmarks.peers.torch_protectors import protector

    torch.set_num_threads(threads)
    with np.load(f"{folder}/weights.npz") as weights:
        network = protector(kind, dict(weights)).to(memory_format=torch.channels_last)

    def protect(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            return network(torch.from_numpy(images)).numpy()

    return _work(protect, side, batch)


def matrix_product(multiply_adds: int, threads: int) -> Work:
    """A large product, counted as so many images as have the same number of multiply-adds.

    By TensorFlow: NumPy's own library reaches half of it on processors that it does not know.
    """
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    a, b = map(tf.constant, np.random.default_rng(0).random((2, _SIZE, _SIZE), np.float32))
    return Work(call=lambda: tf.linalg.matmul(a, b).numpy(), items=_SIZE**3 / multiply_adds)


def _work(protect: Callable[[np.ndarray], np.ndarray], side: int, batch: int) -> Work:
    images = photographs(max(batch, _COMPARED), side)
    parts = [images[start : start + batch] for start in range(0, len(images), batch)]
    protected = np.concatenate([protect(part) for part in parts])
    return Work(
        call=lambda: protect(parts[0]), items=batch, outputs={"protected": protected[:_COMPARED]}
    )


def _measure(network: str, *, side: int, batch: int, rounds: int | None) -> dict[str, Any]:
    threads = 1 if batch == 1 else processors()
    with tempfile.TemporaryDirectory() as folder:
        multiply_adds = protector_files.write(Path(folder), network, side=side)
        settings = {"folder": folder, "side": side, "batch": batch}
        with_threads = {**settings, "threads": threads}
        kind = protector_files.KINDS[network]
        comparison = Comparison(
            name=_name(network, side, batch),
            what=f"{network}: {batch} image{'s' * (batch > 1)} of {side}x{side} at a time, uint8 "
            f"to uint8, float32 inside, {threads} thread{'s' * (threads > 1)}",
            ours=Contender(
                name="tfppdnn (LiteRT)", prepare="benchmarks.protection:ours", settings=settings
            ),
            peers=(
                Contender(
                    name="ONNX Runtime",
                    prepare="benchmarks.protection:onnx_runtime",
                    settings=with_threads,
                ),
                Contender(
                    name="PyTorch eager",
                    prepare="benchmarks.protection:pytorch",
                    settings={**with_threads, "kind": kind},
                ),
            ),
            targets={"ONNX Runtime": 1.0, "PyTorch eager": 1.7},
            tolerance={"protected": _ONE_LEVEL},
            seconds=1.0,
        )
        record = run(comparison, rounds=rounds)
        product = Contender(
            name="matrix product, as many multiply-adds",
            prepare="benchmarks.protection:matrix_product",
            settings={"multiply_adds": multiply_adds, "threads": threads},
        )
        # It computes something else, and is nobody's peer: a measure of the machine.
        peak = run(
            dataclasses.replace(comparison, peers=(product,), targets={}, tolerance={}),
            rounds=rounds,
        )["contenders"][1]
    record["contenders"].append(peak)
    record["notes"] = [
        f"{multiply_adds / 1e6:.0f} million multiply-adds an image. tfppdnn reaches "
        f"{peak['ratio']['median']:.0%} of what a product of two {_SIZE}x{_SIZE} matrices does."
    ]
    return record


def _name(network: str, side: int, batch: int) -> str:
    return f"protection_{network}_{side}_batch_{batch}"


MEASURES = {
    _name(network, side, batch): (
        lambda rounds, network=network, side=side, batch=batch: _measure(
            network, side=side, batch=batch, rounds=rounds
        )
    )
    for network in protector_files.KINDS
    for side, batch in ((32, 1), (32, 64), (224, 1))
}
