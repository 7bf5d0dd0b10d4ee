"""Several protected views of one scene: frames of a film, or the crops of augmented training data.

What one protected picture leaves out, the next may tell: bits add up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.data import Images, Views
from tfppdnn.attacks.features import Features
from tfppdnn.attacks.ridge import RidgeAttack
from tfppdnn.errors import UserError
from tfppdnn.images.shifting import shifted


@dataclass(frozen=True, kw_only=True)
class _RidgeViewsAttack(RidgeAttack):
    """The same from the features of the image itself and the mean of its further views'.

    These come in no order, so a linear guess has the same weights for each: it loses nothing by
    the mean.
    """

    needs = Views
    views: ClassVar[int]

    # Of the image, and of the others.
    random_features: int = 1024
    most: int = 2048

    def _of_targets(self, features: Features, data: Views) -> NDArray[np.float64]:
        more = data.views[: self.views - 1]
        if len(more) < self.views - 1:
            raise UserError(
                f"the attack {self.name} was given {len(data.views)} further views of the targets: "
                f"give {self.views - 1}"
            )
        return self._numbers(features, data.targets, more)

    def _of_own(
        self, features: Features, data: Views, which: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        random = np.random.default_rng([self.seed, *which[:1]])
        more = (
            data.protector.protect(shifted(data.plain[which], random))
            for _ in range(self.views - 1)
        )
        return self._numbers(features, data.ciphertexts[which], more)

    def _numbers(
        self, features: Features, images: Images, more: Iterable[Images]
    ) -> NDArray[np.float64]:
        mean = sum(features(view) for view in more) / (self.views - 1)
        return np.hstack([features(images), mean])

    def _finding(self, numbers: int, images: int) -> str:
        return f"{super()._finding(numbers, images)} Of each scene he saw {self.views} views."


@dataclass(frozen=True, kw_only=True)
class Ridge4ViewsAttack(_RidgeViewsAttack):
    """Protects 4 views of each of his images, the image itself among them.

    Attributes:
        seed: Of the random features, and of where his own views lie.
        random_features: How many, of the image and of the others.
        most: As in `RidgeAttack`, of both.
    """

    name = "ridge_4_views"
    views = 4


@dataclass(frozen=True, kw_only=True)
class Ridge16ViewsAttack(_RidgeViewsAttack):
    """The same with 16 views."""

    name = "ridge_16_views"
    views = 16
