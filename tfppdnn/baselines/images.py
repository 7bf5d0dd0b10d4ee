"""The type that baselines take and give."""

from __future__ import annotations

from numbers import Integral

import numpy as np
from numpy.typing import NDArray

from tfppdnn.errors import UserError

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3] or [H, W, 3], RGB."""


def check_pixels(name: str, strength: int) -> None:
    """Refuses a strength of a baseline that is no whole number of pixels from 1.

    Raises:
        UserError: It is not.
    """
    if not isinstance(strength, Integral) or not 1 <= strength < 2**31:
        raise UserError(f"{name}:{strength}: give a whole number from 1, in pixels")
