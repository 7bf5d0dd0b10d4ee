"""What every kind of name can do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import ClassVar

from tfppdnn.types import Protector


class Source(ABC):
    """Where a protector comes from.

    Attributes:
        is_run: Whether it is a run folder, which knows its data set and its settings.
    """

    is_run: ClassVar[bool] = False

    @property
    @abstractmethod
    def title(self) -> str:
        """A short name, for a folder or the head of a column."""

    @abstractmethod
    def load(self) -> Protector:
        """Loads the protector; see `load_protector`."""

    def differentiable(self) -> Callable | None:
        """Loads the protector before rounding, float32 [N, H, W, 3] in [0, 1] to the same.

        Returns:
            A Keras model, which whoever owns the protector can differentiate; None if it came
            without.

        Raises:
            UserError: The file is damaged.
        """
        return None

    @abstractmethod
    def identity(self) -> str:
        """Tells the protector from any other; see `identity_of`."""
