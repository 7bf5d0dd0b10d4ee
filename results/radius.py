"""What preliminary images show by the radius of their perturbation. Writes radius.md.

python results/radius.py --run=RUN --data_dir=DIR

RUN is a training of h_p on CIFAR-10. Its reference classifier is taken over.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from made_on import made_on

from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.leakage import leakage
from tfppdnn.models.eight_bit import as_bytes, as_floats
from tfppdnn.protection.projected_gradient_descent import PreliminaryProtection
from tfppdnn.protection.reference_classifier import train_reference_classifier
from tfppdnn.reports.markdown import table
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import recorded
from tfppdnn.training.classifiers import accuracy_of

PAGE = Path(__file__).with_suffix(".md")
PICTURES, SEED = 100, 0
RADII = (8, 32, 64, 128, 255)
MEASURES = ("ssim", "affine_ssim", "orientation_agreement")


def protected(classifier: keras.Model, images: np.ndarray, labels: np.ndarray, radius: int, **of):
    """Preliminary images of a radius in grey levels: uint8 like the plain ones."""
    model = PreliminaryProtection(
        classifier, batch_size=len(images), epsilon=radius / 255, seed=SEED, **of
    )
    return as_bytes(keras.ops.convert_to_numpy(model.protect(as_floats(images), labels)))


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", required=True)
    parser.add_argument("--data_dir")
    given = parser.parse_args()
    run = RunFolder(Path(given.run))
    settings = recorded(run.config()["settings"])
    dataset = load_dataset("cifar10", data_dir=given.data_dir, image_size=32)
    classifier = train_reference_classifier(run, settings, dataset, seed=run.config()["seed"])
    images, labels = dataset.train_images[:PICTURES], dataset.train_labels[:PICTURES]
    rows, blind = [], []
    for radius in RADII:
        for random_start in (False, True):
            made = protected(classifier, images, labels, radius, random_start=random_start)
            found = leakage(made, images, seed=SEED, plain_train=dataset.train_images)
            figures = [found[measure] for measure in MEASURES]
            rows.append(
                [
                    str(radius),
                    "at random" if random_start else "the plain picture",
                    f"{accuracy_of(classifier, made, labels):.1%}",
                    *(one.measure.write(one.value) for one in figures),
                ]
            )
            blind = [one.measure.write(one.blind.mean) for one in figures]
    rows.append(["pictures that tell nothing", "", "", *blind])
    head = ["radius", "start", "right", "SSIM", "affine SSIM", "orientation agreement"]
    lines = [
        "# What preliminary images show, by the radius of their perturbation",
        "",
        "Written by `python results/radius.py --run=RUN --data_dir=DIR`.",
        "",
        f"The first {PICTURES} CIFAR-10 training pictures, {settings.preliminary.iterations} steps",
        f"of {settings.preliminary.step_size:g}. The radius is in grey levels; 255 is the whole",
        "range. *Right*: how many the reference classifier names rightly.",
        "",
        table(head, rows),
        "",
        f"Data: {dataset.summary()['version']}.",
        *made_on(),
    ]
    write_text(PAGE, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
