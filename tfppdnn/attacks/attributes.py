"""Attribute inference: guessing what a picture is like without drawing it again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import DescribedImages
from tfppdnn.attacks.features import Features
from tfppdnn.attacks.pairs import check_pairs
from tfppdnn.attacks.regression import Ridge
from tfppdnn.attacks.result import Guesses


@dataclass(frozen=True, kw_only=True)
class AttributeAttack(Attack[DescribedImages, Guesses]):
    """Protects own images and fits what he knows of them to the protected ones.

    A linear classifier: a ridge regression to 1 for the value that an attribute has and 0 for each
    that it has not, of which the largest is guessed.

    Attributes:
        seed: Of the random features.
        random_features: How many; see `Features`.
        most: As in `RidgeAttack`.
    """

    name = "attributes"
    threat_model = ThreatModel.PROTECTOR
    needs = DescribedImages

    seed: int = 0
    random_features: int = 1024
    most: int = 4096

    def run(self, data: DescribedImages) -> Guesses:
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
        known = {name: np.unique(values) for name, values in data.attributes.items()}

        def wanted(which: NDArray[np.intp]) -> NDArray[np.float64]:
            return np.hstack(
                [data.attributes[name][which, None] == values for name, values in known.items()]
            ).astype(float)

        fitted = Ridge(
            lambda which: features(data.ciphertexts[which]), wanted, pairs=len(data.plain)
        )
        ends = np.cumsum([len(values) for values in known.values()])
        scores = np.split(fitted(features(data.targets)), ends[:-1], axis=1)
        return Guesses(
            attack=self.name,
            threat_model=self.threat_model,
            finding=f"A linear classifier of {features.count:,} numbers of a protected image, "
            f"learnt from {len(data.plain):,} images that the attacker protected himself.",
            guesses={
                name: values[one.argmax(axis=1)]
                for (name, values), one in zip(known.items(), scores, strict=True)
            },
        )
