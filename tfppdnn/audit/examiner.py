"""Examines whatever an audit gets to see, beside baselines that are made once."""

from __future__ import annotations

import functools

from tfppdnn.attacks.result import Guesses, Suspicions
from tfppdnn.audit.material import Material
from tfppdnn.leakage.attributes import ATTRIBUTES, attributes_of
from tfppdnn.leakage.baseline import Baseline
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import Figure, Figures
from tfppdnn.leakage.intervals import mean_with_interval
from tfppdnn.leakage.members import membership
from tfppdnn.leakage.pairs import Images
from tfppdnn.leakage.recogniser import Recogniser, guessing


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

    def figures_of_guesses(self, guesses: Guesses, from_plain: Guesses) -> Figures:
        """Measures how often an attribute is guessed, beside always saying the most frequent value.

        Args:
            guesses: Of the first held-out images.
            from_plain: What the same attacker guesses of as many that are not protected.
        """
        count = len(next(iter(guesses.guesses.values())))
        there = attributes_of(self._material.held_out[:count], self._material.labels[:count])
        return {
            name: Figure(
                ATTRIBUTES[name],
                mean_with_interval(guessed == there[name]),
                mean_with_interval(guessing(there[name])),
                mean_with_interval(from_plain.guesses[name] == there[name]),
            )
            for name, guessed in guesses.guesses.items()
        }

    def figures_of_suspicions(self, suspicions: Suspicions) -> Figures:
        """Measures how well it is told which pictures the protector was trained on.

        Args:
            suspicions: Of the second part of `Material.by_membership`.

        Raises:
            UserError: There are not so many scores, or too few pictures.
        """
        _, suspects = self._material.by_membership
        return membership(suspicions.scores, suspects.was_in)

    def _make_baseline(self, count: int) -> Baseline:
        return Baseline(
            self._material.held_out[:count],
            plain_train=self._material.attackers,
            bystanders=self._material.held_out[count:],
            recognise=self._recogniser,
            labels=self._material.labels[:count],
            seed=self._seed,
        )
