"""Learning to reconstruct from pairs: what attackers do who have both sides of some images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import keras
import numpy as np

from tfppdnn.attacks.data import Images
from tfppdnn.attacks.learned import kept_or_temporary
from tfppdnn.datasets.batches import shuffled_indices
from tfppdnn.errors import UserError
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.training.resumable import fit_resumably


def check_pairs(targets: Images, ciphertexts: Images, plain: Images) -> None:
    """Makes sure that a network from protected to plain images can be trained and used.

    Args:
        targets: uint8 [N, H, W, 3], the protected images to be reconstructed.
        ciphertexts: uint8 [M, H, W, 3], the attacker's own images, protected.
        plain: uint8 [M, H, W, 3], the same before.

    Raises:
        UserError: If there are no pairs, one side is missing, or the sizes differ.
    """
    if len(plain) == 0:
        raise UserError("an attacker who learns from pairs was given no images: give at least 1")
    if len(ciphertexts) != len(plain):
        raise UserError(
            f"{len(ciphertexts)} protected images for {len(plain)} plain ones: give one for each"
        )
    if not targets.shape[1:] == ciphertexts.shape[1:] == plain.shape[1:]:
        sizes = ", ".join(_size(images) for images in (targets, ciphertexts, plain))
        raise UserError(
            f"targets, the attacker's protected and his plain images are {sizes}: give images of "
            "one size, which the protector keeps"
        )


def steps_of(epochs: float, *, images: int, batch_size: int) -> int:
    """Counts the steps of a training, at least 1."""
    return max(1, round(epochs * images / batch_size))


def train_on_pairs(
    model: keras.Model,
    ciphertexts: Images,
    plain: Images,
    *,
    title: str,
    steps: int,
    batch_size: int,
    seed: int,
    checkpoints: str | Path | None,
) -> None:
    """Trains a network to reconstruct, with a progress bar, resuming from the newest checkpoint.

    Args:
        model: Maps float32 [N, H, W, 3] in [0, 1] to the same; compiled.
        ciphertexts: uint8 [M, H, W, 3].
        plain: uint8 [M, H, W, 3], the same images before protection.
        title: For the progress bar.
        steps: Of the whole training.
        batch_size: Pairs a step.
        seed: Of their order.
        checkpoints: A folder to resume from; None to keep nothing.

    Raises:
        UserError: The newest checkpoint is damaged, or the training diverged.
    """

    def batches(first_step: int, count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for indices in shuffled_indices(
            len(plain), batch_size=batch_size, first_step=first_step, steps=count, seed=seed
        ):
            yield as_floats(ciphertexts[indices]), as_floats(plain[indices])

    model.optimizer.build(model.trainable_variables)
    with kept_or_temporary(checkpoints) as folder:
        fit_resumably(
            model,
            batches,
            title=title,
            steps=steps,
            steps_per_round=steps_of(1, images=len(plain), batch_size=batch_size),
            checkpoints=folder,
        )


def _size(images: Images) -> str:
    return "x".join(map(str, images.shape[1:3]))
