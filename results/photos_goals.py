"""What the shipped `photos` was to reach, and did. Writes photos_goals.md and photos_goals.json.

python results/photos_goals.py --data_dir=DIR --work=DIR

CIFAR-10, which `photos` never saw, is classified and attacked by what `photos` sends, and by what
else might be sent. Then it is counted how many pictures are found because the attacker has nearly
the same one, and what becomes of pictures that were changed on the way. What is measured goes to
--work, and is not measured again. The other figures are those of records beside this file.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from photos_attackers import HELD_OUT, attacked, nearest_of
from photos_disturbed import changed, disturbed
from photos_goals_page import FLOATS, SENT, page, tables
from photos_tasks import SHIPPED, Task, accuracy_of, code_of, encoder_of, pixels_of, tasks

import tfppdnn
from tfppdnn.files import digest, read_json, write_json, write_text
from tfppdnn.leakage import cosine_reidentification
from tfppdnn.models.trunk_protector import codes_of
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.run_folder import machine, versions
from tfppdnn.settings import make_settings

PAGE = Path(__file__).with_suffix(".md")
FILES = Path(tfppdnn.__file__).parent / "shipped" / "photos"
COMMAND = "python results/photos_goals.py --data_dir=DIR --work=DIR"
LABEL_WEIGHTS = (0.3, 3.0)
NEAR_COPIES = (0.95, 0.9, 0.8)
# Classes of tiny_imagenet100 whose pictures mostly show that they were taken there.
INDOORS = (
    *("bannister", "butcher_shop", "computer_keyboard", "dining_table", "frying_pan", "iPod"),
    *("organ", "pill_bottle", "potter's_wheel", "punching_bag", "refrigerator", "wok"),
)
OUTDOORS = (
    *("barn", "beach_wagon", "cannon", "dam", "fountain", "lawn_mower"),
    *("obelisk", "seashore", "steel_arch_bridge", "thatch", "tractor", "viaduct"),
)
# Of what is compared to a point.
SEEDS = {FLOATS: (0, 1, 2), SENT: (0, 1, 2)}


def main() -> None:
    """Measures what is not measured yet, and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "work"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    kept = Path(given.work) / "goals.json"
    settings = make_settings("photos", {"image_size": 32})
    trunk = load_trunk(None, size=settings.trunk.size).model
    known, other = tasks(settings, trunk, data_dir=given.data_dir, work=Path(given.work))
    sent = partial(codes_of, keras.models.load_model(FILES / "protector.keras"))
    figures = read_json(kept) if kept.exists() else {"made": _made()}
    if figures["made"]["protector"] != _made()["protector"]:
        parser.error(f"{kept} is of another protector; name a new --work")
    for name, pair in _sent(settings, known, other, sent):
        one = figures.setdefault(name, {})
        if "copies" in one:
            continue
        train, test = pair()
        if "right" not in one:
            seeds = SEEDS.get(name, (0,))
            right = [accuracy_of(settings, other.dataset, train, test, seed=seed) for seed in seeds]
            one |= {"right": right, **attacked(other, train, test)}
        one["copies"] = near_copies(other, train, test)
        write_json(kept, figures)
        print(name, one, flush=True)
    if "disturbed" not in figures:
        test = changed(settings, trunk, other)
        figures["disturbed"] = disturbed(settings, other, test, sent)
        write_json(kept, figures)
    if "indoors" not in figures:
        figures["indoors"] = indoors_or_outdoors(settings, known, sent)
        write_json(kept, figures)
    record = {
        "title": "What it was to reach, and what else might be sent",
        "command": COMMAND,
        "tables": tables(figures, read_json(FILES / "card.json")),
        **figures["made"],
    }
    write_json(PAGE.with_suffix(".json"), record)
    write_text(PAGE, page(record))


def _made() -> dict[str, Any]:
    """Of which protector figures are, and where they were made."""
    half = digest(FILES / "protector_fp16.tflite")
    return {"protector": half, "machine": machine(), "versions": versions()}


def _sent(
    settings, known: Task, other: Task, sent: Callable[[np.ndarray], np.ndarray]
) -> Iterator[tuple[str, Callable[[], Any]]]:
    """What might be sent, by its name: makes it of the training and of the test pictures."""
    floats = other.features
    yield FLOATS, lambda: floats
    yield SENT, lambda: [sent(part) for part in floats]

    def with_labels(weight: float) -> list[np.ndarray]:
        encoder = encoder_of(known, SHIPPED, 0.3, label_weight=weight)
        return [code_of(part, encoder) for part in floats]

    for weight in LABEL_WEIGHTS:
        name = f"the same, learnt from labels too (weight {weight:g})"
        yield name, partial(with_labels, weight)
    pca = f"PCA of the pixels, {SHIPPED} numbers"
    yield pca, lambda: [part[:, ::3] for part in pixels_of(other, f"pca:{3 * SHIPPED}")]


def near_copies(task: Task, train: np.ndarray, test: np.ndarray) -> dict[str, Any]:
    """How many pictures the nearest of the attacker's finds, and how like them it is.

    Args:
        task: Whose test pictures are looked for with all training pictures.
        train: What is sent of these, [N, D].
        test: The same of the test pictures.

    Returns:
        `matched` of `HELD_OUT`; and of these, by each of `NEAR_COPIES`, how many have a cosine
        above it with the picture that was given back, as matching has it.
    """
    plain = task.dataset.test_images[:HELD_OUT]
    found = task.dataset.train_images[nearest_of(test[:HELD_OUT], train)]
    matched = cosine_reidentification(found, plain)
    likeness = (_directions(found) * _directions(plain)).sum(axis=1)[matched]
    above = {f"{least:g}": int((likeness > least).sum()) for least in NEAR_COPIES}
    return {"matched": int(matched.sum()), "above": above}


def _directions(pictures: np.ndarray) -> np.ndarray:
    """How pictures deviate from their mean, each of length 1."""
    numbers = pictures.reshape(len(pictures), -1).astype(float)
    deviations = numbers - numbers.mean(axis=0)
    return deviations / np.linalg.norm(deviations, axis=1, keepdims=True)


def indoors_or_outdoors(
    settings, known: Task, sent: Callable[[np.ndarray], np.ndarray]
) -> dict[str, float]:
    """How often it is guessed, of pictures of classes that the guesser never saw.

    Args:
        settings: Of the guesser, the small classifier.
        known: tiny_imagenet100, and what the trunk sees of it.
        sent: Makes of that what is sent.

    Returns:
        The accuracy of a guesser of what the trunk sees, and of one of what is sent: means of
        learning from the first half of `INDOORS` and `OUTDOORS` and from the second.
    """
    names, found = list(known.dataset.class_names), {}
    classes = np.array([[names.index(name) for name in kind] for kind in (INDOORS, OUTDOORS)])
    for title, see in {FLOATS: lambda features: features, SENT: sent}.items():
        right = []
        for learnt in (np.arange(6), np.arange(6, 12)):
            halves = classes[:, learnt], np.delete(classes, learnt, axis=1)
            parts = []
            for (indoors, outdoors), labels, part in zip(
                halves,
                (known.dataset.train_labels, known.dataset.test_labels),
                (known.train, known.test),
                strict=True,
            ):
                some = np.isin(labels, [*indoors, *outdoors])
                features = part["features"][some].astype(np.float32)
                parts += [see(features), np.isin(labels[some], outdoors).astype(int)]
            train, train_labels, test, test_labels = parts
            guessed = replace(
                known.dataset,
                train_labels=train_labels,
                test_labels=test_labels,
                class_names=("indoors", "outdoors"),
            )
            right.append(accuracy_of(settings, guessed, train, test))
        found[title] = float(np.mean(right))
    return found


if __name__ == "__main__":
    main()
