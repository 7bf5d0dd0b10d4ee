"""The images of an audit: what attackers learn from, and what they are measured on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.errors import UserError
from tfppdnn.leakage.pairs import Images

_FEWEST_TO_LEARN_FROM = 8
_FEWEST_HELD_OUT = 2


@dataclass(frozen=True, kw_only=True, eq=False)
class Material:
    """Plain images, split so that nobody is measured on what he learnt from.

    Attributes:
        held_out: uint8 [N, H, W, 3], behind the targets of every attack.
        labels: int64 [N], their classes.
        attackers: uint8 [M, H, W, 3], T of Fig. 2: images of the same kind that an attacker
            may know, or whose protected forms he may have.
        attacker_labels: int64 [M], their classes.
    """

    held_out: Images
    labels: NDArray[np.int64]
    attackers: Images
    attacker_labels: NDArray[np.int64]

    @classmethod
    def of(
        cls, dataset: ImageDataset, *, attacker_images: int = 0, held_out_images: int = 0
    ) -> Material:
        """Takes the attackers' images from the training split, the held-out ones from the test.

        Args:
            dataset: Images and labels.
            attacker_images: M, from a training split of any order; 0 for all.
            held_out_images: N; 0 for all.

        Raises:
            UserError: If the data set has too few images for the split.
        """
        check_enough(dataset, attacker_images=attacker_images, held_out_images=held_out_images)
        train, test = len(dataset.train_images), len(dataset.test_images)
        # Data sets may be sorted by class; both halves of T need all of them.
        order = np.random.default_rng(0).permutation(train)[: attacker_images or None]
        held_out = np.random.default_rng(1).permutation(test)[: held_out_images or None]
        return cls(
            held_out=dataset.test_images[held_out],
            labels=dataset.test_labels[held_out],
            attackers=dataset.train_images[order],
            attacker_labels=dataset.train_labels[order],
        )

    @property
    def first_half(self) -> Images:
        """T_1 of Fig. 2: known to the GAN attack in protected form only."""
        return self.attackers[: len(self.attackers) // 2]

    @property
    def second_half(self) -> Images:
        """T_2 of Fig. 2: known to the GAN attack in plain form only."""
        return self.attackers[len(self.attackers) // 2 :]

    @cached_property
    def by_membership(self) -> tuple[Membership, Membership]:
        """Pictures of both splits, for who asks which were in a protector's training.

        Those that he knows of, and those that he is tried on: each as many of the training split as
        of the test split, in no order, and no picture twice.
        """
        half = min(len(self.attackers), len(self.held_out)) // 2
        random = np.random.default_rng(3)  # Of both: one order tells nothing of the other.
        return self._mixed(0, half, random), self._mixed(half, 2 * half, random)

    def _mixed(self, start: int, end: int, random: np.random.Generator) -> Membership:
        order = random.permutation(2 * (end - start))

        def mixed(inside: NDArray, outside: NDArray) -> NDArray:
            return np.concatenate([inside[start:end], outside[start:end]])[order]

        return Membership(
            images=mixed(self.attackers, self.held_out),
            labels=mixed(self.attacker_labels, self.labels),
            was_in=np.repeat([True, False], end - start)[order],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Membership:
    """Pictures, and whether each is of the training split.

    Attributes:
        images: uint8 [N, H, W, 3].
        labels: int64 [N].
        was_in: bool [N].
    """

    images: Images
    labels: NDArray[np.int64]
    was_in: NDArray[np.bool_]


def check_enough(
    dataset: ImageDataset, *, attacker_images: int = 0, held_out_images: int = 0
) -> None:
    """Checks, without copying an image, that `Material.of` can be made.

    Args:
        dataset: See `Material.of`.
        attacker_images: See there.
        held_out_images: See there.

    Raises:
        UserError: If the data set has too few images for the split.
    """
    train, test = len(dataset.train_images), len(dataset.test_images)
    if max(attacker_images, _FEWEST_TO_LEARN_FROM) > train:
        raise UserError(
            f"--dataset={dataset.name}: {train} training images are too few for attackers who "
            f"learn from {attacker_images or _FEWEST_TO_LEARN_FROM}; lower --attacker_images "
            f"(at least {_FEWEST_TO_LEARN_FROM}) or give a larger data set"
        )
    if max(held_out_images, _FEWEST_HELD_OUT) > test:
        raise UserError(
            f"--dataset={dataset.name}: {test} test images are fewer than the "
            f"{held_out_images or _FEWEST_HELD_OUT} to measure on; lower --held_out_images "
            f"(at least {_FEWEST_HELD_OUT}) or give a larger data set"
        )
