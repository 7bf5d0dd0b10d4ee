"""What attacks that train a network have in common: a seed, and checkpoints to resume from."""

from __future__ import annotations

import contextlib
import tempfile
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tfppdnn.attacks.attack import Attack, Data
from tfppdnn.attacks.result import Reconstruction


@dataclass(frozen=True, kw_only=True)
class LearnedAttack(Attack[Data, Reconstruction]):
    """An attack that trains a network, or optimizes images, for more than a few seconds.

    Attributes:
        seed: Of weights, order and starting points; another seed is another attempt.
    """

    seed: int = 0

    @abstractmethod
    def run(self, data: Data, *, checkpoints: str | Path | None = None) -> Reconstruction:
        """Attacks, with a progress bar.

        Args:
            data: What the attacker has; see `tfppdnn.attacks.data`.
            checkpoints: A folder of this attempt's own to resume from; an attack that is
                run again with the same folder, data and settings goes on where it stopped and ends
                with the same images. None to keep nothing.

        Returns:
            What the attacker got.
        """


@contextlib.contextmanager
def kept_or_temporary(checkpoints: str | Path | None) -> Iterator[Path]:
    """Gives the folder, or one that is removed afterwards if there is none."""
    if checkpoints is not None:
        yield Path(checkpoints)
        return
    with tempfile.TemporaryDirectory(prefix="tfppdnn-attack-") as folder:
        yield Path(folder)
