"""A classifier run by LiteRT, without TensorFlow."""

from __future__ import annotations

import concurrent.futures
import json
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import grpc
import numpy as np
from ai_edge_litert.interpreter import Interpreter

from tfppdnn.protector.processors import processors
from tfppdnn.serving.images import INPUT_NAMES, decoded, resized
from tfppdnn.serving.refusal import Refusal
from tfppdnn.serving.served_model import read_signature_defs
from tfppdnn.serving.version_folders import LABELS_FILE, LITERT_FILE

# An interpreter keeps the memory of the largest batch it has seen, and weights of its own.
_MOST_AT_ONCE = 8
_MOST_WORKERS = 8


class LiteRTModel:
    """A classifier's LiteRT file in memory; see `ServedModel`.

    The images of a batch are spread over processors, and each is decoded, resized and classified
    there; a lone one is classified by all of them. It answers what the SavedModel answers that it
    lies in: pictures of another size than the classifier was trained at are resized by Pillow,
    whose pixels may differ from TensorFlow's by one level.

    Args:
        path: A SavedModel as `export_classifier` writes it.

    Raises:
        ValueError: It is no such SavedModel, or its files do not belong together.
        Exception: What LiteRT raises on a damaged file.
    """

    def __init__(self, path: Path):
        self.signature_defs = read_signature_defs(path)
        if not INPUT_NAMES.keys() <= self.signature_defs.keys():
            raise ValueError(f"{path} is not a classifier made by `classify`")
        self._content = (path / LITERT_FILE).read_bytes()
        labels = json.loads((path / LABELS_FILE).read_text(encoding="utf-8"))
        self._labels = np.array([label.encode() for label in labels], object)
        self._workers = min(processors(), _MOST_WORKERS)
        first = _Runner(self._content, threads=self._workers)
        if first.classes != len(self._labels):
            raise ValueError(f"{path / LITERT_FILE} is of another classifier than {LABELS_FILE}")
        self._size = first.size
        self._idle = {1: [], self._workers: [first]}
        self._pool = concurrent.futures.ThreadPoolExecutor(self._workers)
        # The first call is slow: no client shall wait for it.
        self.run("serving_default", np.zeros((1, *self._size, 3), np.uint8))

    def run(self, signature: str, values: np.ndarray) -> dict[str, np.ndarray]:
        """Classifies a batch; see `ServedModel.run`."""
        read = decoded if signature == "encoded" else np.asarray
        size = min(_MOST_AT_ONCE, math.ceil(len(values) / self._workers)) or 1
        shares = [values[begin : begin + size] for begin in range(0, len(values), size)]
        if len(shares) == 1:
            parts = [self._classified(read, shares[0], self._workers)]
        else:
            work = [self._pool.submit(self._classified, read, share) for share in shares]
            # All of them, before one that failed is told.
            concurrent.futures.wait(work)
            parts = [one.result() for one in work]
        probabilities = np.concatenate([np.empty((0, len(self._labels)), np.float32), *parts])
        class_id = probabilities.argmax(axis=1)
        return {
            "probabilities": probabilities,
            "class_id": class_id,
            "label": self._labels[class_id],
        }

    def _classified(
        self, read: Callable[[Any], np.ndarray], values: Sequence[Any], threads: int = 1
    ) -> np.ndarray:
        images = np.stack([resized(read(value), self._size) for value in values])
        try:
            runner = self._idle[threads].pop()
        except IndexError:
            runner = _Runner(self._content, threads=threads)
        try:
            probabilities = runner.run(images)
        except (MemoryError, RuntimeError):
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "the images do not fit into memory; send fewer"
            ) from None
        self._idle[threads].append(runner)
        return probabilities


class _Runner:
    """An interpreter, ready for as many images as it saw last.

    Attributes:
        size: Height and width that the classifier was trained at.
        classes: How many it tells apart.
    """

    def __init__(self, content: bytes, *, threads: int):
        self._interpreter = Interpreter(model_content=content, num_threads=threads)
        [self._input] = self._interpreter.get_input_details()
        [self._output] = self._interpreter.get_output_details()
        self.size = tuple(int(side) for side in self._input["shape_signature"][1:3])
        self.classes = int(self._output["shape_signature"][-1])
        self._count = -1

    def run(self, images: np.ndarray) -> np.ndarray:
        """Maps uint8 [N, *size, 3], N at least 1, to probabilities, float32 [N, classes]."""
        source = self._input["index"]
        if self._count != len(images):
            self._count = -1
            self._interpreter.resize_tensor_input(source, images.shape, strict=True)
            self._interpreter.allocate_tensors()
            self._count = len(images)
        self._interpreter.set_tensor(source, images)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])
