"""Nothing but the class: what a classifier on the client's side would send."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.baselines.images import Images
from tfppdnn.errors import UserError

_GREYS = 256


@dataclass(frozen=True)
class Label:
    """The label alone: a picture becomes flat, in the grey of the class that it is given.

    Attributes:
        classify: uint8 [N, H, W, 3] to N class indices from 0, integers.
        classes: How many there are, 2 to 256.

    Raises:
        UserError: There are not as many greys.
    """

    classify: Callable[[Images], NDArray[np.integer]]
    classes: int

    def __post_init__(self):
        if not 2 <= self.classes <= _GREYS:
            raise UserError(f"label: {self.classes} classes; give a classifier of 2 to {_GREYS}")

    @property
    def bits(self) -> float:
        """log2 of how many pictures of one size there can be."""
        return math.log2(self.classes)

    def protect(self, images: Images) -> Images:
        """Makes uint8 [N, H, W, 3] or [H, W, 3] flat; class 0 is black, the last one white."""
        classes = self.classify(images.reshape(-1, *images.shape[-3:]))
        greys = np.rint(np.linspace(0, 255, self.classes)).astype(np.uint8)[classes]
        flat = np.broadcast_to(greys.reshape(-1, 1, 1, 1), (len(greys), *images.shape[-3:]))
        return flat.reshape(images.shape)
