"""Examines whatever an audit gets to see, beside baselines that are made once."""

from __future__ import annotations

import functools

from tfppdnn.audit.material import Material
from tfppdnn.leakage.baseline import Baseline
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.pairs import Images
from tfppdnn.leakage.recogniser import Recogniser


class Examiner:
    """Examines the images of an audit, all beside one baseline.

    Args:
        material: The plain images.
        recogniser: A classifier of plain images, asked what images show.
        seed: Of chance and of the bootstrap.
    """

    def __init__(self, material: Material, recogniser: Recogniser, *, seed: int = 0):
        self._material, self._recogniser, self._seed = material, recogniser, seed
        # An attack that is tried on fewer images has a baseline of its own.
        self._baseline = functools.cache(self._make_baseline)

    def examine(self, images: Images, *, targets: int | None = None) -> Examination:
        """Examines images whose plain ones are the first held-out ones.

        Args:
            images: uint8 [N, H, W, 3].
            targets: How many of the held-out images are behind them; None for all. The others
                are in the crowd in which each image's own is looked for.

        Raises:
            UserError: If there are not so many images, or they are of another size.
        """
        return Examination(images, self._baseline(len(self._material.held_out[:targets])))

    def _make_baseline(self, count: int) -> Baseline:
        return Baseline(
            self._material.held_out[:count],
            plain_train=self._material.attackers,
            bystanders=self._material.held_out[count:],
            recognise=self._recogniser,
            labels=self._material.labels[:count],
            seed=self._seed,
        )
