"""Ridge regression: whoever owns a protector learns the best linear way back, in closed form.

Networks that learn to undo a protector are made for pictures. One that is drawn of a short code is
better taken for what it is, a few numbers: see `tfppdnn.attacks.features`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import OwnedProtector
from tfppdnn.attacks.features import Features
from tfppdnn.attacks.pairs import check_pairs
from tfppdnn.attacks.regression import Ridge
from tfppdnn.attacks.result import Reconstruction


@dataclass(frozen=True, kw_only=True)
class RidgeAttack(Attack[OwnedProtector, Reconstruction]):
    """Protects own images and fits the plain pixels to the protected ones.

    Another seed is no other attempt: there is one best fit, and it is found.

    Attributes:
        seed: Of the random features.
        random_features: How many; see `Features`.
        most: Of more pixel values, random sums are taken; the time grows with the cube of both.
    """

    name = "ridge"
    threat_model = ThreatModel.PROTECTOR
    needs = OwnedProtector

    seed: int = 0
    random_features: int = 2048
    most: int = 4096

    def run(self, data: OwnedProtector) -> Reconstruction:
        """Attacks; see `Attack.run`.

        Raises:
            UserError: If the attacker has no images, or some of different sizes.
        """
        check_pairs(data.targets, data.ciphertexts, data.plain)
        features = Features(
            data.ciphertexts,
            most=self.most,
            random_features=self.random_features,
            seed=self.seed,
        )
        pixels = data.plain.reshape(len(data.plain), -1)
        fitted = Ridge(
            lambda which: self._of_own(features, data, which),
            lambda which: pixels[which] / 255,
            pairs=len(pixels),
        )
        guessed = fitted(self._of_targets(features, data)).reshape(data.targets.shape)
        images = np.rint(guessed.clip(0, 1) * 255).astype(np.uint8)
        return self.reconstruction(images, self._finding(features.count, len(pixels)))

    def _of_targets(self, features: Features, data: OwnedProtector) -> NDArray[np.float64]:
        return features(data.targets)

    def _of_own(
        self, features: Features, data: OwnedProtector, which: NDArray[np.intp]
    ) -> NDArray[np.float64]:
        return features(data.ciphertexts[which])

    def _finding(self, numbers: int, images: int) -> str:
        return (
            f"A ridge regression from {numbers:,} numbers of a protected image to the plain one, "
            f"learnt from {images:,} images that the attacker protected himself."
        )
