"""What a code of so many bits keeps and gives away: the frontier of `photos`. Writes photos.md.

python results/photos.py --data_dir=DIR --work=DIR

The code is learnt from tiny_imagenet100 alone. Each is judged on the seen task (its 100 classes)
and on one that it never saw, CIFAR-10, all of it, by the same small classifier; and attacked by
who owns it, with all 50,000 training pictures of CIFAR-10, on the audit's 1,000 test pictures.
What is learnt goes to --work, and is not made again.
"""

from __future__ import annotations

import argparse
import io
import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from photos_page import page, picture
from PIL import Image

from tfppdnn import Protector
from tfppdnn.attacks.regression import Ridge
from tfppdnn.datasets.batches import in_batches
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import read_json, write_bytes, write_json, write_text
from tfppdnn.leakage import CodeBound, leakage
from tfppdnn.models.code import RoundToLevels
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.inference import inference
from tfppdnn.models.trunk_protector import features_of
from tfppdnn.models.words import Words
from tfppdnn.protection.photos.code import Encoder, averaged, learn_code
from tfppdnn.protection.photos.features import see_pictures
from tfppdnn.protection.photos.heads import train_head
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.protection.photos.words import Vocabulary, learn_words
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings

PAGE = Path(__file__).with_suffix(".md")
SEED, HELD_OUT, LEVELS = 0, 1_000, 8
NUMBERS = (4, 8, 16, 32, 64, 128, 192, 256)
HIDING = (0.0, 0.1, 0.3, 1.0, 3.0)
# Words in place of numbers, of so many values each.
WORDS, CHOICES = (1, 2, 4, 8, 16), 64
# The frontier over the hiding weight is drawn at this size.
AT = 128
# What ships has so many.
SHIPPED = 192
# What else might be sent, by its name on the page.
PICTURES = {
    "plain pixels": "plain",
    "blurred, sigma 2": "blur:2",
    "pixels of 4x4": "pixelate:4",
    "pixels of 8x8": "pixelate:8",
    "pixel-based cipher, one key": "pixel_same:1",
    "Tanaka's cipher": "tanaka:1",
}
LABEL = "the class alone, named on the phone"
# To the numbers themselves the attacker adds as many random features as `ridge` does; to those of
# pictures, which are enough, none.
RANDOM_FEATURES, OF_PICTURES = 2048, 3072


Pair = tuple[np.ndarray, ...]
"""What is sent of the pictures for training, and for testing, [N, D] each."""


class Task(NamedTuple):
    """A data set, and what was kept of its pictures."""

    dataset: object
    train: dict
    test: dict


def main() -> None:
    """Measures what is not measured yet, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "work"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    settings = make_settings("photos", {"head_batch_size": 256, "head_epochs": 10})
    trunk = load_trunk(None, size=settings.trunk.size)
    work = Path(given.work)
    known, other = tasks(settings, trunk.model, data_dir=given.data_dir, work=work)
    kept = work / "figures.json"
    figures = read_json(kept) if kept.exists() else {}

    def measured(name: str, sent: Callable[[Task], Pair], *, bits: float | None) -> None:
        one = figures.setdefault(name, {"bits": bits})
        if "seen" not in one:
            one["seen"] = accuracy_of(settings, known.dataset, *sent(known))
            write_json(kept, figures)
        if "unseen" not in one:
            pair = sent(other)
            one["unseen"] = accuracy_of(settings, other.dataset, *pair)
            one |= attacked(other, *pair)
            write_json(kept, figures)
        print(name, one, flush=True)

    def features(of: Task) -> Pair:
        return tuple(part["features"].astype(np.float32) for part in (of.train, of.test))

    def codes(of: Task, encoder: Encoder) -> Pair:
        return tuple(code_of(part, encoder) for part in features(of))

    def named(of: Task, vocabulary: Vocabulary) -> Pair:
        return tuple(said(part, vocabulary) for part in features(of))

    def reduced(of: Task, numbers: int) -> Pair:
        return tuple(part[:, ::3] for part in pixels_of(of, f"pca:{3 * numbers}"))

    measured("float features", features, bits=None)
    for numbers, weight in [*((n, 0.3) for n in NUMBERS), *((AT, w) for w in HIDING)]:
        encoder = encoder_of(known, numbers, weight)
        name = f"{numbers} numbers, hiding weight {weight:g}"
        bound = CodeBound(numbers * np.log2(LEVELS))
        measured(name, partial(codes, encoder=encoder), bits=float(bound.bits))
    for words in WORDS:
        vocabulary = vocabulary_of(known, words, CHOICES)
        name = f"{words} word{'s' if words > 1 else ''} of {CHOICES}"
        bits = float(words * np.log2(CHOICES))
        measured(name, partial(named, vocabulary=vocabulary), bits=bits)
    for numbers in (32, 128):
        name = f"PCA of the pixels, {numbers} numbers"
        measured(name, partial(reduced, numbers=numbers), bits=3.0 * numbers)
    for name, protector in PICTURES.items():
        measured(name, partial(pixels_of, protector=protector), bits=None)
    bits = float(np.log2(len(other.dataset.class_names)))
    measured(LABEL, lambda of: named_classes(settings, of, *features(of)), bits=bits)
    halves = [_classes(known, which) for which in (range(50), range(50, 100))]
    encoder = encoder_of(halves[0], SHIPPED, 0.3)
    for name, pair in (("features", features), ("code", partial(codes, encoder=encoder))):
        if f"other half, {name}" not in figures:
            accuracy = accuracy_of(settings, halves[1].dataset, *pair(halves[1]))
            figures[f"other half, {name}"] = accuracy
            write_json(kept, figures)
    if "disturbed" not in figures:
        encoder = encoder_of(known, SHIPPED, 0.3)
        code, seen = partial(code_of, encoder=encoder), changed(settings, trunk.model, other)
        half = half_compressed(settings, trunk.model, other)
        larger = changed(settings, trunk.model, known)
        figures["disturbed"] = {
            "float features": disturbed(settings, other, seen, lambda features: features),
            "the code": disturbed(settings, other, seen, code),
            "the code, and what was learnt from was JPEG by half": disturbed(
                settings, other, seen, code, train=half
            ),
            "the code, of the seen task at 64x64": disturbed(settings, known, larger, code),
        }
        write_json(kept, figures)
    write_bytes(PAGE.with_suffix(".png"), picture(figures))
    write_text(PAGE, page(figures, seed=SEED, shipped=SHIPPED))


def tasks(settings, trunk, *, data_dir: str, work: Path) -> tuple[Task, Task]:
    """The seen task and the unseen one, of which `work` keeps what the trunk sees."""
    found = []
    for name, size in (("tiny_imagenet100", 64), ("cifar10", 32)):
        dataset = load_dataset(name, data_dir=data_dir, image_size=size)
        seen = see_pictures(RunFolder(work / name), dataset, trunk, trunk_size=settings.trunk.size)
        found.append(Task(dataset, *seen))
    return tuple(found)


def code_of(features: np.ndarray, encoder: Encoder) -> np.ndarray:
    """What an encoder makes of features, rounded as h_p rounds it."""
    return np.asarray(RoundToLevels(LEVELS)(features @ encoder.kernel + encoder.bias))


def vocabulary_of(known: Task, words: int, choices: int) -> Vocabulary:
    """Words for what the trunk sees, learnt from a task, in as many numbers as ship."""
    return learn_words(
        known.train["features"],
        known.dataset.train_labels,
        size=SHIPPED,
        words=words,
        choices=choices,
        seed=SEED,
    )


def said(features: np.ndarray, vocabulary: Vocabulary) -> np.ndarray:
    """What the words stand for that h_p names features by."""
    words, choices, size = vocabulary.values.shape
    layer = Words(words=words, choices=choices)
    layer.build((None, size))
    layer.vocabulary.assign(vocabulary.values)
    return np.asarray(layer(features @ vocabulary.kernel + vocabulary.bias))


def pixels_of(task: Task, protector: str) -> Pair:
    """What a protector of a name makes of the pictures for training and for testing, as numbers."""
    named = Protector.named(protector).fitted_on(task.dataset.train_images)
    return tuple(
        named.protect(images).reshape(len(images), -1).astype(np.float32) / 255
        for images in (task.dataset.train_images, task.dataset.test_images)
    )


def named_classes(settings, task: Task, train: np.ndarray, test: np.ndarray):
    """The class alone, one-hot, as a phone names it that has the trunk and the classifier."""
    head, _ = train_head(
        RunFolder.temporary(), settings, task.dataset, train, test, stage="classifier", seed=SEED
    )
    see, classes = inference(head), np.eye(len(task.dataset.class_names), dtype=np.float32)
    return tuple(classes[np.asarray(see(part)).argmax(axis=1)] for part in (train, test))


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


def compressed(picture: np.ndarray, quality: int) -> np.ndarray:
    """A picture as it comes back from a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def encoder_of(task: Task, numbers: int, weight: float, *, label_weight: float = 0.0) -> Encoder:
    """Learns a code of so many numbers from a task's training pictures."""
    return learn_code(
        task.train["features"],
        averaged(task.train["pictures"]),
        task.dataset.train_labels,
        size=numbers,
        hiding_weight=weight,
        label_weight=label_weight,
    )


def _classes(task: Task, classes: range) -> Task:
    """Of a task, some classes, numbered from 0."""
    train, test = (
        np.isin(labels, classes) for labels in (task.dataset.train_labels, task.dataset.test_labels)
    )
    dataset = replace(
        task.dataset,
        train_images=task.dataset.train_images[train],
        train_labels=task.dataset.train_labels[train] - classes.start,
        test_images=task.dataset.test_images[test],
        test_labels=task.dataset.test_labels[test] - classes.start,
        class_names=task.dataset.class_names[classes.start : classes.stop],
    )
    kept = (
        {name: part[which] for name, part in parts.items()}
        for parts, which in ((task.train, train), (task.test, test))
    )
    return Task(dataset, *kept)


def accuracy_of(
    settings, dataset, train: np.ndarray, test: np.ndarray, *, seed: int = SEED
) -> float:
    """What a classifier of one hidden layer is right about."""
    _, found = train_head(
        RunFolder.temporary(), settings, dataset, train, test, stage="classifier", seed=seed
    )
    return found["test_accuracy"]


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


if __name__ == "__main__":
    main()
