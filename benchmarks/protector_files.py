"""Writes one protector for all who run it: as a TFLite file, in ONNX, and as plain weights."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
from pathlib import Path
from typing import Any

import numpy as np

SHIPPED, UNET = "shipped", "unet"
"""The protector that comes with the package, and a U-Net with random weights."""

KINDS = {SHIPPED: "bottleneck", UNET: "unet"}
"""What `peers.torch_protectors` calls them."""


def write(folder: Path, network: str, *, side: int) -> int:
    """Writes `protector.tflite`, `protector.onnx` and `weights.npz`.

    TensorFlow and PyTorch are loaded in a process of their own, and gone afterwards.

    Args:
        folder: Where to.
        network: One of `KINDS`.
        side: Height and width of the images that the ONNX file takes.

    Returns:
        Multiply-adds of the network for one image, convolutions and dense layers only.
    """
    spawning = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=spawning) as pool:
        return pool.submit(_write, folder, network, side).result()


def keras_protector(network: str) -> Any:
    """Returns the Keras model that the files are made of."""
    import keras

    from tfppdnn.models.layers import InstanceNormalization
    from tfppdnn.models.unet import unet
    from tfppdnn.protector.keras_file import load_network
    from tfppdnn.protector.shipped import SHIPPED as FOLDER

    if network == SHIPPED:
        return load_network(FOLDER / "cifar10" / "protector.keras")
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    model = unet(base_width=16, depth=4)
    for layer in model.layers:
        if isinstance(layer, InstanceNormalization):
            # As after training: gains of 1 and offsets of 0 would vanish from the exported graph.
            gain, offset = layer.get_weights()
            layer.set_weights([rng.uniform(0.5, 1.5, gain.shape), rng.normal(0, 0.3, offset.shape)])
    return model


def _write(folder: Path, network: str, side: int) -> int:
    from benchmarks.peers.networks import weights_of
    from benchmarks.peers.onnx_networks import write_onnx
    from benchmarks.peers.torch_protectors import multiply_adds, protector
    from tfppdnn.exporting.tflite import float32_tflite
    from tfppdnn.protector.shipped import SHIPPED as FOLDER

    model = keras_protector(network)
    published = FOLDER / "cifar10" / "protector_fp16.tflite"
    content = published.read_bytes() if network == SHIPPED else float32_tflite(model)
    (folder / "protector.tflite").write_bytes(content)
    weights = weights_of(model)
    np.savez(folder / "weights.npz", **weights)
    twin = protector(KINDS[network], weights)
    write_onnx(twin, folder / "protector.onnx", side=side)
    return multiply_adds(twin, side)
