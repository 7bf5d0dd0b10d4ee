"""Nearest neighbours: whoever owns a protector looks a protected image up among his own.

Nothing is trained. What a protector lets through brings images together that were alike before, so
the image of the attacker whose protected form is nearest shows something like what was protected.
The more images he has, the more alike. Of a protector that draws noise he protects his own without.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import Images, OwnedProtector
from tfppdnn.attacks.pairs import check_pairs
from tfppdnn.attacks.result import Reconstruction

# Distances to all of the attacker's images at a time, for so many targets.
_TARGETS_AT_A_TIME = 64


@dataclass(frozen=True, kw_only=True)
class NearestAttack(Attack[OwnedProtector, Reconstruction]):
    """Gives back the attacker's own image whose protected form is nearest (Euclidean).

    Attributes:
        neighbours: Over how many of the nearest the mean is taken, at most as many as there are.
    """

    name = "nearest"
    threat_model = ThreatModel.PROTECTOR
    needs = OwnedProtector

    neighbours: int = 1

    def run(self, data: OwnedProtector) -> Reconstruction:
        """Attacks; see `Attack.run`.

        Raises:
            UserError: If the attacker has no images, or some of different sizes.
        """
        check_pairs(data.targets, data.without_noise, data.plain)
        found = nearest(
            data.targets, data.without_noise, count=min(self.neighbours, len(data.plain))
        )
        images = np.stack([np.rint(data.plain[own].mean(axis=0)).astype(np.uint8) for own in found])
        one = self.neighbours == 1
        mean = "the image that is" if one else f"the mean of the {self.neighbours} that are"
        return self.reconstruction(
            images,
            f"Of {len(data.plain):,} images that the attacker protected himself, {mean} "
            "nearest when protected.",
        )


@dataclass(frozen=True, kw_only=True)
class NearestMeanAttack(NearestAttack):
    """Gives back the mean of many of them, in which is left what they have in common."""

    name = "nearest_mean"

    neighbours: int = 50


def nearest(targets: Images, images: Images, *, count: int) -> np.ndarray:
    """Finds the images that are nearest to each target.

    Args:
        targets: uint8 [N, H, W, 3].
        images: uint8 [M, H, W, 3].
        count: How many, from 1 to M.

    Returns:
        int [N, count], indices of the nearest images, in no order.
    """
    x, y = (one.reshape(len(one), -1).astype(np.float32) for one in (targets, images))
    # Images of little contrast differ by less than float32 can tell of what they have in common.
    centre = y.mean(axis=0)
    x -= centre
    y -= centre
    # |x - y|^2 without |x|^2, which all distances of a target have in common.
    lengths = np.einsum("ij,ij->i", y, y)
    found = []
    for start in range(0, len(x), _TARGETS_AT_A_TIME):
        distances = lengths - 2 * x[start : start + _TARGETS_AT_A_TIME] @ y.T
        found.append(np.argpartition(distances, count - 1, axis=1)[:, :count])
    return np.concatenate(found)
