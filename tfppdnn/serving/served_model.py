"""The classifier in memory, ready to answer: run by LiteRT, or else by TensorFlow."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
from google.protobuf.message import DecodeError

from tfppdnn.serving.version_folders import has_litert_file
from tfppdnn.tf_serving_messages import messages

OUTPUT_NAMES = frozenset({"probabilities", "class_id", "label"})


class ServedModel(Protocol):
    """What answers.

    Attributes:
        signature_defs: Its signatures, SignatureDef messages by name.
    """

    signature_defs: dict[str, Any]

    def run(self, signature: str, values: np.ndarray) -> dict[str, np.ndarray]:
        """Classifies a batch.

        Args:
            signature: `serving_default` or `encoded`.
            values: Its input, see `RequestImages`.

        Returns:
            `probabilities` float32 [N, K], `class_id` int64 [N], `label` bytes [N].

        Raises:
            Refusal: An image cannot be decoded, or memory ran out.
        """


def load_model(path: Path) -> ServedModel:
    """Loads a classifier: its LiteRT file, or the SavedModel itself if there is none.

    Args:
        path: A SavedModel as `export_classifier` writes it. Those of earlier versions have no
            LiteRT file, and take seconds and some 600 MiB more.

    Raises:
        ValueError: It is no such SavedModel.
        ModuleNotFoundError: It needs TensorFlow, which is not installed.
        Exception: What LiteRT or TensorFlow raise on files that are damaged or not complete.
    """
    if has_litert_file(path):
        from tfppdnn.serving.litert_model import LiteRTModel

        return LiteRTModel(path)
    # TensorFlow's module imports it, which `serve` has done without its chatter before.
    from tfppdnn.serving.tensorflow_model import TensorFlowModel

    return TensorFlowModel(path)


def read_signature_defs(path: Path) -> dict[str, Any]:
    """Reads the signatures, SignatureDef messages, that a SavedModel has under the tag `serve`.

    Raises:
        ValueError: The file is damaged, or has nothing under that tag.
    """
    content = (path / "saved_model.pb").read_bytes()
    try:
        saved_model = messages().SavedModel.FromString(content)
    except DecodeError as error:
        raise ValueError(f"{path / 'saved_model.pb'} is damaged") from error
    for meta_graph in saved_model.meta_graphs:
        if "serve" in meta_graph.meta_info_def.tags:
            found = meta_graph.signature_def.items()
            # Copies, which do not keep the whole file in memory.
            return {name: type(one).FromString(one.SerializeToString()) for name, one in found}
    raise ValueError(f"{path} has nothing under the tag 'serve'")
