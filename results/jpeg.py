"""What JPEG does to protected pictures. Writes jpeg.md.

python results/jpeg.py --data_dir=DIR

A classifier learns from protected pictures as they are. Then it is given test pictures that were
JPEG on their way, as an uploader may make of them without asking.
"""

from __future__ import annotations

import argparse
import dataclasses
import io
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from made_on import made_on
from PIL import Image

from tfppdnn import Protector, fit_classifier
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.leakage import mean_with_interval
from tfppdnn.models.code import code_of
from tfppdnn.protection.photos.measuring import tile_reader
from tfppdnn.reports.markdown import table
from tfppdnn.settings.photos import CodeSettings

PAGE = Path(__file__).with_suffix(".md")
PROTECTORS = {"photos": ("photos", {}), "cifar10": ("cpu", {"classifier_epochs": 2})}
TRAINED, LARGE, LARGE_SIZE = 10_000, 500, 224
QUALITIES = (95, 90, 75, 50)


def as_jpeg(pictures: np.ndarray, quality: int) -> np.ndarray:
    """Writes uint8 [N, H, W, 3] as JPEG with Pillow's other defaults, and reads them again."""

    def once(picture: np.ndarray) -> np.ndarray:
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "JPEG", quality=quality)
        return np.asarray(Image.open(file))

    return np.stack([once(picture) for picture in pictures])


def accuracies(dataset: ImageDataset, name: str) -> list[str]:
    """What a classifier of a protector's pictures keeps, as they are and by quality."""
    protector = Protector.from_preset(name)
    preset, settings = PROTECTORS[name]
    part = dataclasses.replace(
        dataset,
        train_images=dataset.train_images[:TRAINED],
        train_labels=dataset.train_labels[:TRAINED],
    )
    classifier = fit_classifier(protector, part, preset=preset, settings=settings, seed=0)
    sent = protector.protect(dataset.test_images)
    told = [classifier.classify(sent)]
    told += [classifier.classify(as_jpeg(sent, quality)) for quality in QUALITIES]
    right = [mean_with_interval(answers == dataset.test_labels) for answers in told]
    return [f"{one.mean:.1%} ({one.low:.1%} to {one.high:.1%})" for one in right]


def numbers_changed(pictures: np.ndarray) -> list[str]:
    """How many of the 192 numbers of `photos` are read as another level, by quality."""
    protector = Protector.from_preset("photos")
    code = code_of(protector.differentiable)
    size, levels = code.facts["numbers"], code.facts["levels"]
    read = tile_reader(CodeSettings(size=size, levels=levels))

    def numbers(sent: np.ndarray) -> np.ndarray:
        return np.rint((read(sent) + 1) / 2 * (levels - 1))

    sent = protector.protect(pictures)
    as_sent = numbers(sent)
    return [f"{np.mean(numbers(as_jpeg(sent, one)) != as_sent):.2%}" for one in QUALITIES]


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    dataset = load_dataset("cifar10", data_dir=parser.parse_args().data_dir, image_size=32)
    head = ["pictures of", "as they are", *(f"quality {quality}" for quality in QUALITIES)]
    rows = [[f"`{name}`", *accuracies(dataset, name)] for name in PROTECTORS]
    small = dataset.test_images[:LARGE]
    large = np.stack(
        [np.asarray(Image.fromarray(one).resize((LARGE_SIZE, LARGE_SIZE))) for one in small]
    )
    changed = [
        [f"{pictures.shape[1]}x{pictures.shape[1]}", *numbers_changed(pictures)]
        for pictures in (small, large)
    ]
    lines = [
        "# What JPEG does to protected pictures",
        "",
        "Written by `python results/jpeg.py --data_dir=DIR`. All intervals are of 95%.",
        "",
        "## Accuracy at 32x32",
        "",
        f"A classifier learnt from {TRAINED:,} protected CIFAR-10 pictures as they are. That of",
        "`photos` is the small one of its preset, that of `cifar10` a ResNet-18 of width 0.25, for",
        "two epochs. It is given all test pictures, protected and then JPEG of some quality.",
        "",
        table(head, rows),
        "",
        "## Numbers of the code of `photos` that are read as another level",
        "",
        f"{LARGE} of the pictures, at their own size and enlarged before they were protected.",
        "",
        table(["drawn at", *head[2:]], changed),
        "",
        f"Data: {dataset.summary()['version']}.",
        *made_on(),
    ]
    write_text(PAGE, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
