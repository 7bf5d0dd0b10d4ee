"""What is audited: a protector, and what its scheme lets an attacker do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tfppdnn.types import Protector


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
