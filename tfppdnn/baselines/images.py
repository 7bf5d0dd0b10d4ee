"""The type that baselines take and give."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
"""uint8 [N, H, W, 3] or [H, W, 3], RGB."""
