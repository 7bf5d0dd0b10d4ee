"""What noise costs, and what it bounds: `photos` under --privacy_epsilon. Writes privacy.md.

python results/privacy.py --data_dir=DIR --work=DIR

Words are learnt from tiny_imagenet100. Each epsilon is judged on that task and
on CIFAR-10, which it never saw, by the same small classifier; and tried by three attackers who
have h_p and know how it draws. What the trunk sees is kept in --work, as `results/photos.py` does.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from made_on import made_on
from photos_attackers import attacked
from photos_tasks import SEED, Task, accuracy_of, tasks, vocabulary_of

from tfppdnn.files import write_text
from tfppdnn.leakage import guessing_bound, noisy_code_bound
from tfppdnn.models import RandomizedWords
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.protection.photos.words import Vocabulary
from tfppdnn.reports.markdown import table
from tfppdnn.settings import make_settings
from tfppdnn.system_noise import system_noise

PAGE = Path(__file__).with_suffix(".md")
# Of K values of a word, 16 let noise of epsilon 4 tell most of a word that is any of them.
CHOICES = {4.0: (16, 64, 256), 8.0: (64, 256), 16.0: (64, 256), 32.0: (64, 256)}
CROWD, TRIES = 1_000, 100_000
NO_NOISE = 1e6


class Tried(NamedTuple):
    """How often three attackers were right."""

    of_two: float
    of_crowd: float
    linked: float


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "work"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    settings = make_settings("photos", {"head_batch_size": 256, "head_epochs": 10})
    trunk = load_trunk(None, size=settings.trunk.size)
    known, other = tasks(settings, trunk.model, data_dir=given.data_dir, work=Path(given.work))
    by_name = [
        (accuracy_of(settings, task.dataset, *task.features), task.dataset.num_classes)
        for task in (known, other)
    ]
    rows = []
    for epsilon, several in CHOICES.items():
        words = make_settings("photos", {"privacy_epsilon": epsilon}).privacy.words_of_photos
        for choices in several:
            vocabulary = vocabulary_of(known, words, choices)
            row = [f"{epsilon:g}", f"{words} x {choices}"]
            for value in (epsilon, NO_NOISE):
                kept = [accuracy(settings, task, vocabulary, value) for task in (known, other)]
                row += [f"{share:.1%}" for share in kept]
            pair = (
                draw(vocabulary, part["features"], epsilon) for part in (other.train, other.test)
            )
            found = attacked(other, *pair)
            row.append(f"{found['matched'][0]:.1%}, {found['likeness'][0]:.3f}")
            found_out = tried(vocabulary, other.test["features"], epsilon)
            row += beside_bounds(found_out, epsilon, bits=words * np.log2(choices))
            row += [f"{named(*one, epsilon):.1%}" for one in by_name]
            rows.append(row)
            print(row, flush=True)
    write_text(PAGE, page(rows, blind=found["mean_picture"]))


def draw(vocabulary: Vocabulary, features: np.ndarray, epsilon: float) -> np.ndarray:
    """What is drawn of pictures, each protected once: float32 [N, D]."""
    words, choices, size = vocabulary.values.shape
    layer = RandomizedWords(epsilon, choices=choices, words=words)
    layer.build((None, size), (None, layer.noise_size))
    layer.vocabulary.assign(vocabulary.values)
    numbers = features.astype(np.float32) @ vocabulary.kernel + vocabulary.bias
    return np.asarray(layer(numbers, system_noise(len(numbers), layer.noise_size)))


def accuracy(settings, task: Task, vocabulary: Vocabulary, epsilon: float) -> float:
    """What is left to a classifier that trains on protected pictures."""
    train, test = (draw(vocabulary, part["features"], epsilon) for part in (task.train, task.test))
    return accuracy_of(settings, task.dataset, train, test)


def tried(vocabulary: Vocabulary, features: np.ndarray, epsilon: float) -> Tried:
    """Three attackers who know the words of every plain picture, and guess by likelihood.

    A word that is as it would be without noise makes a picture likelier, always by as much. So
    the picture with the most such words is the best guess, and of several any.
    """
    true = words_of(vocabulary, features)
    rng = np.random.default_rng(SEED)

    pairs = rng.integers(0, len(true), (TRIES, 2))
    which = rng.integers(0, 2, TRIES)
    sent = sent_words(true[pairs[np.arange(TRIES), which]], vocabulary, epsilon)
    alike = (true[pairs] == sent[:, None]).sum(axis=2) + 0.5 * rng.random((TRIES, 2))
    of_two = float(np.mean(alike.argmax(axis=1) == which))

    crowd = true[:CROWD]
    named, linked = [], []
    for _ in range(TRIES // CROWD):
        sent, again = (sent_words(crowd, vocabulary, epsilon) for _ in range(2))
        for guesses, known in ((named, crowd), (linked, again)):
            alike = (known[None] == sent[:, None]).sum(axis=2) + 0.5 * rng.random((CROWD, CROWD))
            guesses.append(np.mean(alike.argmax(axis=1) == np.arange(CROWD)))
    return Tried(of_two, float(np.mean(named)), float(np.mean(linked)))


def words_of(vocabulary: Vocabulary, features: np.ndarray) -> np.ndarray:
    """The words of pictures before any noise, whole numbers [N, W]."""
    left = features.astype(np.float32) @ vocabulary.kernel + vocabulary.bias
    found = []
    for values in vocabulary.values:
        nearest = ((values**2).sum(axis=1) - 2 * left @ values.T).argmin(axis=1)
        left = left - values[nearest]
        found.append(nearest)
    return np.stack(found, axis=1)


def sent_words(true: np.ndarray, vocabulary: Vocabulary, epsilon: float) -> np.ndarray:
    """What becomes of words under noise, as `RandomizedWords` does it."""
    words, choices, _ = vocabulary.values.shape
    layer = RandomizedWords(epsilon, choices=choices, words=words)
    noise = system_noise(len(true), layer.noise_size)
    keep = noise[:, :words] < layer.kept - 2**31
    return np.where(keep, true, noise[:, words:] % choices)


def named(right: float, classes: int, epsilon: float) -> float:
    """How often a class is right that the phone names, and then draws with as much noise."""
    other = 1 / (np.exp(epsilon) + classes - 1)
    return right * np.exp(epsilon) * other + (1 - right) * other


def beside_bounds(found: Tried, epsilon: float, *, bits: float) -> list[str]:
    """Each share with its bound; linking is guessing which of so many (docs/privacy.md)."""
    crowd = min(guessing_bound(epsilon, CROWD), noisy_code_bound(bits, epsilon, CROWD))
    bounds = (guessing_bound(epsilon, 2), crowd, crowd)
    return [f"{share:.1%} of {bound:.1%}" for share, bound in zip(found, bounds, strict=True)]


def page(rows: list[list[str]], *, blind: float) -> str:
    """The page, in Markdown."""
    head = [
        "epsilon",
        "words",
        "seen task",
        "unseen task",
        "seen, no noise",
        "unseen, no noise",
        "matched, likeness",
        "of two",
        f"of {CROWD:,}",
        "linked",
        "seen, class named",
        "unseen, class named",
    ]
    lines = [
        "# What noise costs, and what it bounds",
        "",
        "Written by `python results/privacy.py --data_dir=DIR --work=DIR`.",
        "",
        "Words were learnt from 25,000 training pictures of tiny_imagenet100, and their classes.",
        "*Seen task*: its 100 classes, 5,000 test pictures. *Unseen task*: CIFAR-10, of which no",
        "part of it saw anything, 50,000 and 10,000 pictures of the original files. Both by one",
        "hidden layer of 512, 10 epochs, which trains on pictures that were protected once. The",
        "two columns without noise have the same words. `--privacy_epsilon` alone gives 64 values",
        "to each. *Matched, likeness*: what a ridge",
        "regression from 50,000 pairs gets back; the mean",
        f"picture has a likeness of {blind:.3f}.",
        "",
        "Three attackers have h_p and the plain pictures, and guess by likelihood, 100,000 times",
        "each. *Of two*: which of two pictures was protected. *Of 1,000*: which of 1,000.",
        "*Linked*: which of 1,000 protected pictures shows what a given one shows. Behind each",
        "share stands its bound, which no attacker passes.",
        "",
        "*Class named* is the simplest thing beside it, by arithmetic: the phone names the class",
        "by all that the trunk sees, and draws another one now and then, with the same epsilon. It",
        "is better everywhere. It needs the task and its classifier on the phone, before the",
        "picture is sent.",
        "",
        table(head, rows),
        "",
        f"Seed {SEED}, but for the noise, which is the operating system's.",
        *made_on(),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
