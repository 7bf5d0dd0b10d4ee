"""Class means: whoever can tell what a protected image shows knows what such things look like.

Protected images are made for a classifier, and a classifier of plain images may follow it. Then it
takes neither the protector, nor its pairs, nor a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import ClassifiedImages
from tfppdnn.attacks.pairs import check_pairs
from tfppdnn.attacks.result import Reconstruction


@dataclass(frozen=True, kw_only=True)
class ClassMeanAttack(Attack[ClassifiedImages, Reconstruction]):
    """Gives back the mean of the plain images that a classifier names as it names the target."""

    name = "class_mean"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = ClassifiedImages

    def run(self, data: ClassifiedImages) -> Reconstruction:
        """Attacks; of a class that no plain image has, the mean is that of all.

        Raises:
            UserError: If the attacker has no images, or some of another size.
        """
        check_pairs(data.targets, data.plain, data.plain)
        of_plain, of_targets = data.classify(data.plain), data.classify(data.targets)
        of_all = data.plain.mean(axis=0)
        means = {
            name: data.plain[of_plain == name].mean(axis=0) if name in of_plain else of_all
            for name in np.unique(of_targets)
        }
        images = {name: np.rint(mean).astype(np.uint8) for name, mean in means.items()}
        return self.reconstruction(
            np.stack([images[name] for name in of_targets]),
            f"A classifier that has only ever seen plain images named the protected ones. "
            f"Given back is the mean of those of {len(data.plain):,} plain images that it names "
            "alike.",
        )
