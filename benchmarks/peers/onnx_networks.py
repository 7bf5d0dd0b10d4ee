"""The same networks as ONNX files, for ONNX Runtime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def write_onnx(network: Any, path: Path, *, side: int) -> None:
    """Exports a protector in PyTorch, for any number of images of one size.

    Args:
        network: From uint8 [N, H, W, 3] to the same.
        path: Where to.
        side: H and W. (An average over areas of a size that is not known cannot be exported.)
    """
    import torch

    axes = {0: "N"}
    torch.onnx.export(
        network,
        (torch.zeros(2, side, side, 3, dtype=torch.uint8),),
        path,
        input_names=["image"],
        output_names=["protected"],
        dynamic_axes={"image": axes, "protected": axes},
        opset_version=17,
        # The newer way needs one more package.
        dynamo=False,
    )


def session(path: str, *, threads: int) -> Any:
    """Loads a file, with all that ONNX Runtime does by itself to make it fast."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def runner(path: str, *, threads: int):
    """Returns what maps uint8 [N, H, W, 3] to the same."""
    loaded = session(path, threads=threads)

    def protect(images: np.ndarray) -> np.ndarray:
        return loaded.run(None, {"image": images})[0]

    return protect
