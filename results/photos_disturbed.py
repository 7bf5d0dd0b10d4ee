"""Pictures that were changed a little on the way, and what that does to their codes."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from photos_tasks import SEED, Task
from PIL import Image

from tfppdnn.datasets.batches import in_batches
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.inference import inference
from tfppdnn.models.trunk_protector import features_of
from tfppdnn.protection.photos.heads import train_head
from tfppdnn.run_folder import RunFolder


def changed(settings, trunk, task: Task) -> dict[str, np.ndarray]:
    """What the trunk sees of test pictures, as they are and changed a little, by how."""
    plain = task.dataset.test_images
    noise = np.random.default_rng(SEED).random(plain.shape) < 0.01
    kinds = {
        "as they are": plain,
        "1% of the lowest bits flipped": plain ^ noise,
        "JPEG of quality 90": np.stack([compressed(picture, 90) for picture in plain]),
    }
    return {name: _seen(settings, trunk, pictures) for name, pictures in kinds.items()}


def half_compressed(settings, trunk, task: Task) -> np.ndarray:
    """What the trunk sees of training pictures, half of them JPEG of quality 75 to 95."""
    features, random = task.train["features"].astype(np.float32), np.random.default_rng(SEED)
    chosen = random.permutation(len(features))[: len(features) // 2]
    qualities = random.integers(75, 95, len(chosen), endpoint=True)
    pictures = zip(task.dataset.train_images[chosen], qualities, strict=True)
    pictures = np.stack([compressed(picture, int(quality)) for picture, quality in pictures])
    features[chosen] = _seen(settings, trunk, pictures)
    return features


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """A picture as it comes back from a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def _seen(settings, trunk, pictures: np.ndarray) -> np.ndarray:
    see = inference(features_of(trunk, settings.trunk.size))
    batches = (see(as_floats(some)) for some in in_batches(pictures, 64))
    return np.concatenate([np.asarray(batch) for batch in batches])


def disturbed(
    settings,
    task: Task,
    test: dict[str, np.ndarray],
    code: Callable[[np.ndarray], np.ndarray],
    *,
    train: np.ndarray | None = None,
) -> dict[str, dict[str, float]]:
    """Of pictures that were changed a little: what changes of their codes, and what is right.

    Args:
        settings: Of the classifier.
        task: Their data set.
        test: What the trunk sees of them, see `changed`.
        code: Makes numbers of what the trunk sees.
        train: What it sees of the pictures that the classifier learns from; None for these as
            they are.

    Returns:
        By change: the share of `numbers` that differ, of `codes`, and the accuracy, `right`.
    """
    train = task.train["features"].astype(np.float32) if train is None else train
    codes = {name: code(features) for name, features in test.items()}
    as_they_are, labels = next(iter(codes.values())), task.dataset.test_labels
    head, _ = train_head(
        RunFolder.temporary(),
        settings,
        task.dataset,
        code(train),
        as_they_are,
        stage="classifier",
        seed=SEED,
    )
    found = {name: np.asarray(inference(head)(one)).argmax(1) for name, one in codes.items()}
    return {
        name: {
            "numbers": float(np.mean(one != as_they_are)),
            "codes": float(np.mean((one != as_they_are).any(axis=1))),
            "right": float(np.mean(found[name] == labels)),
        }
        for name, one in codes.items()
    }
