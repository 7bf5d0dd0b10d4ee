"""What a code of so many bits keeps and gives away: the frontier of `photos`. Writes photos.md.

python results/photos.py --data_dir=DIR --trunk=efficientnet_lite0.npz --work=DIR

The code is learnt from tiny_imagenet100 alone. Each is judged on the seen task (its 100 classes)
and on one that it never saw, CIFAR-10, all of it, by the same small classifier; and attacked by
who owns it, with all 50,000 training pictures of CIFAR-10, on the audit's 1,000 test pictures.
What is learnt goes to --work, and is not made again.
"""

from __future__ import annotations

import argparse
import io
import os
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from PIL import Image

from tfppdnn import Protector
from tfppdnn.attacks.regression import Ridge
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import read_json, write_json, write_text
from tfppdnn.leakage import CodeBound, leakage
from tfppdnn.models.code import RoundToLevels
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.inference import inference
from tfppdnn.models.trunk_protector import features_of
from tfppdnn.protection.photos.code import Encoder, averaged, learn_code
from tfppdnn.protection.photos.features import see_pictures
from tfppdnn.protection.photos.heads import train_head
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.reports.markdown import table
from tfppdnn.run_folder import RunFolder, machine, versions
from tfppdnn.settings import make_settings

PAGE = Path(__file__).with_suffix(".md")
SEED, HELD_OUT, LEVELS = 0, 1_000, 8
NUMBERS = (4, 8, 16, 32, 64, 128, 192, 256)
HIDING = (0.0, 0.1, 0.3, 1.0, 3.0)
# The frontier over the hiding weight is drawn at this size.
AT = 128
# What ships has so many.
SHIPPED = 192
# To the numbers themselves the attacker adds as many random features as `ridge` does.
RANDOM_FEATURES = 2048


class Task(NamedTuple):
    """A data set, and what was kept of its pictures."""

    dataset: object
    train: dict
    test: dict


def main() -> None:
    """Measures what is not measured yet, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "trunk", "work"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    settings = make_settings("photos", {"head_batch_size": 256, "head_epochs": 10})
    trunk = load_trunk(given.trunk, size=settings.trunk.size)
    work = Path(given.work)
    known, other = tasks(settings, trunk.model, data_dir=given.data_dir, work=work)
    kept = work / "figures.json"
    figures = read_json(kept) if kept.exists() else {}

    def measured(name: str, known_pair, other_pair, *, bits: float | None) -> None:
        if name in figures:
            return
        figures[name] = {
            "bits": bits,
            "seen": known_pair and accuracy_of(settings, known.dataset, *known_pair),
            "unseen": accuracy_of(settings, other.dataset, *other_pair),
            **attacked(other, *other_pair),
        }
        write_json(kept, figures)
        print(name, figures[name], flush=True)

    def features(of: Task):
        return tuple(part["features"].astype(np.float32) for part in (of.train, of.test))

    def codes(of: Task, encoder: Encoder):
        return tuple(rounded(part @ encoder.kernel + encoder.bias) for part in features(of))

    measured("float features", features(known), features(other), bits=None)
    for numbers, weight in [*((n, 0.3) for n in NUMBERS), *((AT, w) for w in HIDING)]:
        encoder = _encoder(known, numbers, weight)
        name = f"{numbers} numbers, hiding weight {weight:g}"
        bound = CodeBound(numbers * np.log2(LEVELS))
        measured(name, codes(known, encoder), codes(other, encoder), bits=float(bound.bits))
    for numbers in (32, 128):
        protector = Protector.named(f"pca:{3 * numbers}").fitted_on(other.dataset.train_images)
        pixels = tuple(
            protector.protect(images).reshape(len(images), -1)[:, ::3].astype(np.float32) / 255
            for images in (other.dataset.train_images, other.dataset.test_images)
        )
        measured(f"PCA of the pixels, {numbers} numbers", None, pixels, bits=3.0 * numbers)
    halves = [_classes(known, which) for which in (range(50), range(50, 100))]
    encoder = _encoder(halves[0], SHIPPED, 0.3)
    for name, pair in (("features", features), ("code", partial(codes, encoder=encoder))):
        if f"other half, {name}" not in figures:
            accuracy = accuracy_of(settings, halves[1].dataset, *pair(halves[1]))
            figures[f"other half, {name}"] = accuracy
            write_json(kept, figures)
    if "disturbed" not in figures:
        figures["disturbed"] = _disturbed(
            settings, trunk.model, other, _encoder(known, SHIPPED, 0.3)
        )
        write_json(kept, figures)
    write_text(PAGE, _page(figures))


def tasks(settings, trunk, *, data_dir: str, work: Path) -> tuple[Task, Task]:
    """The seen task and the unseen one, of which `work` keeps what the trunk sees."""
    found = []
    for name, size in (("tiny_imagenet100", 64), ("cifar10", 32)):
        dataset = load_dataset(name, data_dir=data_dir, image_size=size)
        seen = see_pictures(RunFolder(work / name), dataset, trunk, trunk_size=settings.trunk.size)
        found.append(Task(dataset, *seen))
    return tuple(found)


def rounded(numbers: np.ndarray) -> np.ndarray:
    """A code of numbers, as h_p rounds them."""
    return np.asarray(RoundToLevels(LEVELS)(numbers))


def _disturbed(settings, trunk, task: Task, encoder: Encoder) -> dict[str, list[float]]:
    """Of pictures that were changed a little: which share of the numbers changes, and accuracy."""
    plain, labels = task.dataset.test_images, task.dataset.test_labels
    noise = np.random.default_rng(SEED).random(plain.shape) < 0.01
    kinds = {
        "as they are": plain,
        "1% of the lowest bits flipped": plain ^ noise,
        "JPEG of quality 90": np.stack([_compressed(picture) for picture in plain]),
    }
    see = inference(features_of(trunk, settings.trunk.size))

    def codes_of(pictures: np.ndarray) -> np.ndarray:
        batches = (see(as_floats(pictures[i : i + 64])) for i in range(0, len(pictures), 64))
        features = np.concatenate([np.asarray(batch) for batch in batches])
        return rounded(features @ encoder.kernel + encoder.bias)

    train = task.train["features"].astype(np.float32) @ encoder.kernel + encoder.bias
    codes = {name: codes_of(pictures) for name, pictures in kinds.items()}
    head, _ = train_head(
        RunFolder.temporary(),
        settings,
        task.dataset,
        rounded(train),
        codes["as they are"],
        stage="classifier",
        seed=SEED,
    )
    found = {name: np.asarray(inference(head)(code)).argmax(1) for name, code in codes.items()}
    return {
        name: [float(np.mean(code != codes["as they are"])), float(np.mean(found[name] == labels))]
        for name, code in codes.items()
    }


def _compressed(picture: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=90)
    return np.asarray(Image.open(file))


def _encoder(task: Task, numbers: int, weight: float) -> Encoder:
    return learn_code(
        task.train["features"],
        averaged(task.train["pictures"]),
        task.dataset.train_labels,
        size=numbers,
        hiding_weight=weight,
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


def accuracy_of(settings, dataset, train: np.ndarray, test: np.ndarray) -> float:
    """What a classifier of one hidden layer is right about."""
    _, found = train_head(
        RunFolder.temporary(), settings, dataset, train, test, stage="classifier", seed=SEED
    )
    return found["test_accuracy"]


def attacked(task: Task, train: np.ndarray, test: np.ndarray) -> dict[str, list[float]]:
    """What a ridge regression gets back, with one-hot codes and random features, of 1,000."""
    read = _features_of_attack(train)
    pixels = task.dataset.train_images.reshape(len(train), -1)
    ridge = Ridge(
        lambda which: read(train[which]), lambda which: pixels[which] / 255, pairs=len(train)
    )
    plain = task.dataset.test_images[:HELD_OUT]
    guessed = ridge(read(test[:HELD_OUT])).clip(0, 1).reshape(plain.shape)
    found = leakage(
        np.rint(guessed * 255).astype(np.uint8),
        plain,
        seed=SEED,
        plain_train=task.dataset.train_images,
    )
    likeness, matched = found["affine_ssim"], found["cosine_reidentification"]
    return {
        "likeness": [likeness.value, likeness.low, likeness.high],
        "mean_picture": likeness.blind.mean,
        "matched": [matched.value, matched.low, matched.high],
    }


def _features_of_attack(train: np.ndarray):
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 1e-6
    random = np.random.default_rng(SEED)
    directions = random.normal(size=(train.shape[1], RANDOM_FEATURES)) / np.sqrt(train.shape[1])
    offsets = random.normal(size=RANDOM_FEATURES)

    def read(some: np.ndarray) -> np.ndarray:
        numbers = (some - mean) / deviation
        return np.hstack([numbers, np.maximum(numbers @ directions + offsets, 0)]).astype(float)

    return read


def _is_sent(figure) -> bool:
    return isinstance(figure, dict) and "bits" in figure


def _page(figures: dict[str, dict]) -> str:
    def cells(name: str, found: dict) -> list[str]:
        bits = found["bits"]
        bound = 1.0 if bits is None else CodeBound(bits).named_at_most
        (matched, low, high), (likeness, *_) = found["matched"], found["likeness"]
        return [
            name,
            "-" if bits is None else f"{bits:g}",
            "" if found["seen"] is None else f"{found['seen']:.1%}",
            f"{found['unseen']:.1%}",
            f"{likeness:.3f}",
            f"{matched:.1%} ({low:.1%} to {high:.1%})",
            "none" if bound == 1 else f"1 in {1 / bound:,.0f}",
        ]

    head = [
        "what is sent",
        "bits",
        "seen task",
        "unseen task",
        "likeness",
        "matched",
        "crowd bound",
    ]
    blind = next(iter(figures.values()))["mean_picture"]
    lines = [
        "# What a code of so many bits keeps, and what its owner gets back",
        "",
        "Written by `python results/photos.py --data_dir=DIR --trunk=efficientnet_lite0.npz "
        "--work=DIR`.",
        "",
        "The code was learnt from the 25,000 training pictures of tiny_imagenet100.",
        "*Seen task*: its 100 classes, 5,000 test pictures. *Unseen task*: CIFAR-10, which no part",
        "of it saw, 50,000 and 10,000 pictures. Both by one hidden layer of 512, 10 epochs.",
        "*Likeness* (affine SSIM) and *matched* (of 1,000, by cosine, with its 95% interval): what",
        "a ridge regression with 2,048 random features gets back. It has learnt from 50,000 pairs.",
        f"The mean picture has a likeness of {blind:.3f}. *Crowd*: how often anybody names the",
        "right one of 1,000,000 equally likely pictures, at most.",
        "",
        table(head, [cells(name, one) for name, one in figures.items() if _is_sent(one)]),
        "",
        f"A code of {SHIPPED} numbers was learnt from 50 classes of tiny_imagenet100 alone. On the",
        f"other 50 it keeps {figures['other half, code']:.1%}, where float features have",
        f"{figures['other half, features']:.1%}.",
        "",
        f"Pictures of CIFAR-10 that were changed before they were protected, {SHIPPED} numbers:",
        "",
        table(
            ["pictures", "numbers of the code that change", "right"],
            [
                [name, f"{changed:.1%}", f"{accuracy:.1%}"]
                for name, (changed, accuracy) in figures["disturbed"].items()
            ],
        ),
        "",
        f"Seed {SEED}. Machine: {', '.join(str(value) for value in machine().values())}.",
        f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
