"""Pictures of which the leakage is known, which the tests of the measures share."""

import numpy as np
from skimage.data import chelsea


def photographs():
    """24 photographs of 32x32: crops of one scikit-image photograph."""
    photograph = chelsea()
    corners = np.random.default_rng(0).integers(0, 260, (24, 2))
    return np.stack([photograph[y : y + 32, x : x + 32] for y, x in corners])


def noise_like(images):
    return np.random.default_rng(1).integers(0, 256, images.shape, dtype=np.uint8)
