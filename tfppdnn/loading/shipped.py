"""Protectors that come with the package, each a folder of `tfppdnn/shipped`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tfppdnn.client.litert_protector import LiteRTProtector
from tfppdnn.files import digest
from tfppdnn.loading.keras_file import load_network
from tfppdnn.loading.source import Source
from tfppdnn.types import Protector

SHIPPED = Path(__file__).parent.parent / "shipped"
"""Where they lie; each was made by `python -m tfppdnn.experiments ship`."""

DEFAULT = "cifar10"
"""The one that `protect` uses if none is named."""

_TFLITE, _KERAS, _CARD = "protector_fp16.tflite", "protector.keras", "CARD.md"


def shipped_names() -> list[str]:
    """Lists the protectors that came with this installation, which may be none."""
    return sorted(path.parent.name for path in SHIPPED.glob(f"*/{_TFLITE}"))


class Shipped(Source):
    """A protector that came with the package.

    Args:
        name: One of `shipped_names`.
    """

    def __init__(self, name: str):
        self._folder = SHIPPED / name

    @property
    def title(self) -> str:
        """Its name."""
        return self._folder.name

    @property
    def card(self) -> Path:
        """Its model card: what it was made of and by, what it hides, and what not."""
        return self._folder / _CARD

    def load(self) -> Protector:
        """Loads the TFLite file, without TensorFlow."""
        return LiteRTProtector(self._folder / _TFLITE)

    @property
    def network(self) -> Path:
        """The Keras file, which does the same up to the rounding of 8 bits."""
        return self._folder / _KERAS

    def differentiable(self) -> Callable:
        """Loads the Keras file as it is."""
        return load_network(self.network)

    def identity(self) -> str:
        """Gives a digest of both files."""
        return digest(self._folder / _TFLITE, self.network)
