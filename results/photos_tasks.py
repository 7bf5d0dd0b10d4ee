"""Two tasks: what is learnt and sent of their pictures, and how much of it a classifier gets right.

`photos` learns its codes and words from the seen task, tiny_imagenet100, and never sees the other,
CIFAR-10. Whatever is sent of either is judged by the same small classifier.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tfppdnn import Protector
from tfppdnn.datasets.load import load_dataset
from tfppdnn.models.code import RoundToLevels
from tfppdnn.models.inference import inference
from tfppdnn.models.words import Words
from tfppdnn.protection.photos.code import Encoder, averaged, learn_code
from tfppdnn.protection.photos.features import see_pictures
from tfppdnn.protection.photos.heads import train_head
from tfppdnn.protection.photos.words import Vocabulary, learn_words
from tfppdnn.run_folder import RunFolder

SEED, LEVELS = 0, 8
# What ships has so many numbers.
SHIPPED = 192

Pair = tuple[np.ndarray, ...]
"""What is sent of the pictures for training, and for testing, [N, D] each."""


class Task(NamedTuple):
    """A data set, and what was kept of its pictures."""

    dataset: object
    train: dict
    test: dict

    @property
    def features(self) -> Pair:
        """All that the trunk says, float32."""
        return tuple(part["features"].astype(np.float32) for part in (self.train, self.test))


def tasks(settings, trunk, *, data_dir: str, work: Path) -> tuple[Task, Task]:
    """The seen task and the unseen one, of which `work` keeps what the trunk sees."""
    found = []
    for name, size in (("tiny_imagenet100", 64), ("cifar10", 32)):
        dataset = load_dataset(name, data_dir=data_dir, image_size=size)
        seen = see_pictures(RunFolder(work / name), dataset, trunk, trunk_size=settings.trunk.size)
        found.append(Task(dataset, *seen))
    return tuple(found)


def some_classes(task: Task, classes: range) -> Task:
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


def accuracy_of(
    settings, dataset, train: np.ndarray, test: np.ndarray, *, seed: int = SEED
) -> float:
    """What a classifier of one hidden layer is right about."""
    _, found = train_head(
        RunFolder.temporary(), settings, dataset, train, test, stage="classifier", seed=seed
    )
    return found["test_accuracy"]
