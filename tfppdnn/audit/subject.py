"""What is audited: a protector, and what its scheme lets an attacker do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from tfppdnn.audit.pairs import Images
from tfppdnn.types import Protector

_BATCH_SIZE = 64


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A protector under audit.

    A protector may say more about its scheme by optional methods and attributes, and
    nothing here asks what kind it is: `key_space_bits(height, width)` if it has a key,
    `with_key(key)` if an attacker can run it under a key of his own, `gan_generator` for the
    generator that fits it in the GAN attack.

    Attributes:
        name: What reports call it.
        protector: The protector itself.
        differentiable: The same before rounding, for an attacker who can take it apart:
            float32 [N, H, W, 3] in [0, 1] to the same. None if there is no such form.
    """

    name: str
    protector: Protector
    differentiable: Callable | None = None

    def says(self, attribute: str, default: Any = None) -> Any:
        """What the protector says of its scheme, or a default."""
        return getattr(self.protector, attribute, default)

    def protect(self, images: Images, *, title: str = "") -> Images:
        """Protects uint8 [N, H, W, 3] images in batches, with a progress bar."""
        return protect_in_batches(self.protector, images, title=title or f"protecting: {self.name}")


def protect_in_batches(protector: Protector, images: Images, *, title: str) -> Images:
    """Protects uint8 [N, H, W, 3] images batch by batch, with a progress bar on stderr."""
    starts = range(0, len(images), _BATCH_SIZE)
    return np.concatenate(
        [
            protector.protect(images[start : start + _BATCH_SIZE])
            for start in tqdm(starts, title, unit="batch", leave=False)
        ]
    )
