"""Class means: whoever can tell what a protected image shows knows what such things look like.

Protected images are made for a classifier, and a classifier of plain images may follow it. Then it
takes neither the protector, nor its pairs, nor a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tfppdnn.attacks.attack import Attack, ThreatModel
from tfppdnn.attacks.data import NamedImages
from tfppdnn.attacks.result import Reconstruction


@dataclass(frozen=True, kw_only=True)
class ClassMeanAttack(Attack[NamedImages, Reconstruction]):
    """Gives back the mean of the plain images that a classifier names as it names the target."""

    name = "class_mean"
    threat_model = ThreatModel.CIPHERTEXTS_ONLY

    def run(self, data: NamedImages) -> Reconstruction:
        """Attacks; of a class that no plain image has, the mean is that of all."""
        named, seen = data.classify(data.plain), data.classify(data.targets)
        of_all = data.plain.mean(axis=0)
        means = {
            name: data.plain[named == name].mean(axis=0) if name in named else of_all
            for name in np.unique(seen)
        }
        return Reconstruction(
            attack=self.name,
            threat_model=self.threat_model,
            finding=f"A classifier that has only ever seen plain images named the protected ones. "
            f"Given back is the mean of those of {len(data.plain):,} plain images that it names "
            "alike.",
            images=np.rint([means[name] for name in seen]).astype(np.uint8),
        )
