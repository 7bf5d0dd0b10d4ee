"""Re-identification: whether an image still picks its plain image out of a crowd."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tfppdnn.audit.pairs import VALUES_PER_BATCH, Images, check_pair


def reidentification(images: Images, plain: Images) -> NDArray[np.bool_]:
    """Whether each image's nearest plain image (Euclidean) among the N is its own.

    Distances of 8-bit images are whole numbers and computed exactly; a tie with another
    plain image is a miss, so one mean image for all never hits. Chance is 1/N.

    Args:
        images: uint8 [N, H, W, 3].
        plain: uint8 [N, H, W, 3].

    Returns:
        bool [N].

    Raises:
        UserError: If the arrays cannot be paired.
    """
    check_pair(images, plain)
    count = len(images)
    x, y = images.reshape(count, -1), plain.reshape(count, -1)
    size = max(1, min(1024, VALUES_PER_BATCH // x.shape[1]))
    blocks = [slice(start, start + size) for start in range(0, count, size)]
    # |x - y|^2 without |x|^2, which all candidates of an image have in common.
    lengths = np.concatenate([(y[b].astype(np.float64) ** 2).sum(axis=1) for b in blocks])
    nearest_is_own = np.ones(count, dtype=bool)
    for rows in blocks:
        of_images = x[rows].astype(np.float64)
        own = lengths[rows] - 2 * (of_images * y[rows]).sum(axis=1)
        for columns in blocks:
            distances = lengths[columns] - 2 * of_images @ y[columns].astype(np.float64).T
            if rows == columns:
                np.fill_diagonal(distances, np.inf)
            nearest_is_own[rows] &= (distances > own[:, None]).all(axis=1)
    return nearest_is_own
