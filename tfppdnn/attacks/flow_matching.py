"""Conditional flow matching: learning to draw, by going from noise to a picture in a straight line.

Y. Lipman, R. T. Q. Chen, H. Ben-Hamu, M. Nickel and M. Le, "Flow matching for generative modeling",
ICLR 2023, with their optimal-transport path and no noise left at its end.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

Velocity = Callable[[Floats, Floats], Floats]
"""Of noisy pictures, float32 [N, H, W, 3], at a time, float32 [N, 1]: float32 [N, H, W, 3]."""


def on_the_way(pictures: Floats, noise: Floats, time: Floats) -> tuple[Floats, Floats]:
    """Where pictures are on their way from noise, and which way they go.

    A network that tells the latter of the former, by least squares, tells the mean way; who goes
    that way from noise ends with pictures that are distributed as those it learnt from.

    Args:
        pictures: float32 [N, H, W, 3], x.
        noise: float32 [N, H, W, 3], standard normal, z.
        time: float32 [N, 1] in [0, 1], t; 0 is the noise.

    Returns:
        (1 - t) z + t x, and x - z.
    """
    t = time[:, :, np.newaxis, np.newaxis]
    return (1 - t) * noise + t * pictures, pictures - noise


def drawn(velocity: Velocity, noise: Floats, *, steps: int) -> Floats:
    """Goes from noise to pictures by Heun's method.

    Args:
        velocity: Which way; asked twice a step, but once in the last.
        noise: float32 [N, H, W, 3].
        steps: How many of equal length, at least 1.

    Returns:
        float32 [N, H, W, 3].
    """
    x, ones = noise, np.ones((len(noise), 1), np.float32)
    for step in range(steps):
        way = velocity(x, ones * np.float32(step / steps))
        if step < steps - 1:
            there = velocity(x + way / steps, ones * np.float32((step + 1) / steps))
            way = (way + there) / 2
        x = x + way / steps
    return x
