"""A classifier run by LiteRT, without TensorFlow."""

from __future__ import annotations

import concurrent.futures
import json
from collections.abc import Iterable
from pathlib import Path

import grpc
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

from tfppdnn.protector.processors import processors
from tfppdnn.quiet import silenced
from tfppdnn.serving.images import decoded
from tfppdnn.serving.refusal import Refusal
from tfppdnn.serving.served_model import read_signature_defs
from tfppdnn.serving.version_folders import LITERT_FILE

_LABELS = "assets.extra/labels.json"


class LiteRTModel:
    """A classifier's LiteRT file in memory; see `ServedModel`.

    The images of a batch are spread over all processors. It answers what the SavedModel answers
    that it lies in: pictures of another size than the classifier was trained at are resized by
    Pillow, whose pixels may differ from TensorFlow's by one level.

    Args:
        path: A SavedModel as `export_classifier` writes it.

    Raises:
        ValueError: It is no such SavedModel, or its files do not belong together.
        Exception: What LiteRT raises on a damaged file.
    """

    def __init__(self, path: Path):
        self.signature_defs = read_signature_defs(path)
        content = (path / LITERT_FILE).read_bytes()
        labels = json.loads((path / _LABELS).read_text(encoding="utf-8"))
        self._labels = np.array([label.encode() for label in labels], object)
        # LiteRT says on stderr how it computes; and no client shall wait for the first call.
        with silenced():
            self._parts = [_Part(content) for _ in range(processors())]
            for part in self._parts:
                part.run(np.zeros((1, *part.size, 3), np.uint8))
        if self._parts[0].classes != len(self._labels):
            raise ValueError(f"{path / LITERT_FILE} is of another classifier than {_LABELS}")
        self._pool = concurrent.futures.ThreadPoolExecutor(len(self._parts))

    def run(self, signature: str, values: np.ndarray) -> dict[str, np.ndarray]:
        """Classifies a batch; see `ServedModel.run`. To be called from one thread at a time."""
        try:
            pictures = map(decoded, values) if signature == "encoded" else values
            images = self._resized(pictures, len(values))
            probabilities = self._classified(images)
        except (MemoryError, RuntimeError):
            raise Refusal(
                grpc.StatusCode.RESOURCE_EXHAUSTED, "the images do not fit into memory; send fewer"
            ) from None
        class_id = probabilities.argmax(axis=1)
        return {
            "probabilities": probabilities,
            "class_id": class_id,
            "label": self._labels[class_id],
        }

    def _resized(self, pictures: Iterable[np.ndarray], count: int) -> np.ndarray:
        height, width = self._parts[0].size
        images = np.empty((count, height, width, 3), np.uint8)
        for image, picture in zip(images, pictures, strict=True):
            if picture.shape != image.shape:
                resized = Image.fromarray(picture).resize(
                    (width, height), Image.Resampling.BILINEAR
                )
                picture = np.asarray(resized)
            image[:] = picture
        return images

    def _classified(self, images: np.ndarray) -> np.ndarray:
        shares = [share for share in np.array_split(images, len(self._parts)) if len(share)]
        if len(shares) < 2:
            return self._parts[0].run(images)
        return np.concatenate(list(self._pool.map(_Part.run, self._parts, shares)))


class _Part:
    """An interpreter for a share of a batch, ready for as many images as it saw last.

    Attributes:
        size: Height and width that the classifier was trained at.
        classes: How many it tells apart.
    """

    def __init__(self, content: bytes):
        self._interpreter = Interpreter(model_content=content, num_threads=1)
        [self._input] = self._interpreter.get_input_details()
        [self._output] = self._interpreter.get_output_details()
        self.size = tuple(int(side) for side in self._input["shape_signature"][1:3])
        self.classes = int(self._output["shape_signature"][-1])
        self._count = -1

    def run(self, images: np.ndarray) -> np.ndarray:
        """Maps uint8 [N, *size, 3] to probabilities, float32 [N, classes]."""
        if not len(images):
            return np.empty((0, self.classes), np.float32)
        source = self._input["index"]
        if self._count != len(images):
            self._count = -1
            self._interpreter.resize_tensor_input(source, images.shape, strict=True)
            self._interpreter.allocate_tensors()
            self._count = len(images)
        self._interpreter.set_tensor(source, images)
        self._interpreter.invoke()
        return self._interpreter.get_tensor(self._output["index"])
