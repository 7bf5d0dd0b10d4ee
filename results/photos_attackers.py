"""What two attackers get back of what is sent, who have all training pictures of its task."""

from __future__ import annotations

import numpy as np
from photos_tasks import SEED, Task

from tfppdnn.attacks.regression import Ridge
from tfppdnn.leakage import leakage

# So many test pictures are attacked.
HELD_OUT = 1_000
# To the numbers themselves the attacker adds as many random features as `ridge` does; to those of
# pictures, which are enough, none.
RANDOM_FEATURES, OF_PICTURES = 2048, 3072


def attacked(task: Task, train: np.ndarray, test: np.ndarray) -> dict[str, list[float]]:
    """What two attackers get back of 1,000 pictures.

    A ridge regression has the numbers and random features of them; the other gives back his own
    picture whose numbers are nearest.
    """
    read = _features_of_attack(train)
    plain = task.dataset.test_images[:HELD_OUT]
    own = task.dataset.train_images
    pixels = own.reshape(len(train), -1)
    ridge = Ridge(
        lambda which: read(train[which]), lambda which: pixels[which] / 255, pairs=len(train)
    )
    guessed = ridge(read(test[:HELD_OUT])).clip(0, 1).reshape(plain.shape)
    found, nearest = (
        leakage(images, plain, seed=SEED, plain_train=own)
        for images in (
            np.rint(guessed * 255).astype(np.uint8),
            own[nearest_of(test[:HELD_OUT], train)],
        )
    )
    likeness = found["affine_ssim"]
    return {
        "likeness": [likeness.value, likeness.low, likeness.high],
        "mean_picture": likeness.blind.mean,
        **{
            name: [one.value, one.low, one.high]
            for name, one in (
                ("matched", found["cosine_reidentification"]),
                ("nearest", nearest["cosine_reidentification"]),
            )
        },
    }


def nearest_of(targets: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Of each target, which of the attacker's own is nearest (Euclidean)."""
    lengths = (own.astype(np.float32) ** 2).sum(axis=1)
    parts = np.array_split(targets.astype(np.float32), 10)
    return np.concatenate([(lengths - 2 * part @ own.T).argmin(axis=1) for part in parts])


def _features_of_attack(train: np.ndarray):
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    random = np.random.default_rng(SEED)
    directions = random.normal(size=(train.shape[1], RANDOM_FEATURES)) / np.sqrt(train.shape[1])
    offsets = random.normal(size=RANDOM_FEATURES)

    def read(some: np.ndarray) -> np.ndarray:
        numbers = (some - mean) / deviation
        if train.shape[1] >= OF_PICTURES:
            return numbers.astype(float)
        return np.hstack([numbers, np.maximum(numbers @ directions + offsets, 0)]).astype(float)

    return read
