"""What the 8-bit file of `photos` costs on a task that it never saw. Writes photos_int8.json.

python results/photos_int8.py --data_dir=DIR --int8=RUN/protector_int8.tflite

A classifier that was trained on the pictures of the float16 file, which ships, is given CIFAR-10's
test pictures as each of both files draws them. `ship --int8=` puts the figures into the card.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tfppdnn import Protector, fit_classifier
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import digest, write_json
from tfppdnn.leakage import mean_with_interval
from tfppdnn.models.code import code_of
from tfppdnn.protection.photos.measuring import tile_reader
from tfppdnn.run_folder import machine, versions
from tfppdnn.settings.photos import CodeSettings

FIGURES = Path(__file__).with_suffix(".json")
TRAINED = 10_000


def main() -> None:
    """Measures, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "int8"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    dataset = load_dataset("cifar10", data_dir=given.data_dir)
    part = dataclasses.replace(
        dataset,
        train_images=dataset.train_images[:TRAINED],
        train_labels=dataset.train_labels[:TRAINED],
    )
    files = {"float16": Protector.from_preset("photos"), "int8": Protector.from_preset(given.int8)}
    classifier = fit_classifier(files["float16"], part, preset="photos", seed=0)
    drawn = {name: file.protect(dataset.test_images) for name, file in files.items()}
    right = {
        name: classifier.classify(pictures) == dataset.test_labels
        for name, pictures in drawn.items()
    }
    code = code_of(files["float16"].differentiable)
    size, levels = code.facts["numbers"], code.facts["levels"]
    read = tile_reader(CodeSettings(size=size, levels=levels))
    numbers = {
        name: np.rint((read(pictures) + 1) / 2 * (levels - 1)) for name, pictures in drawn.items()
    }
    moved = np.abs(numbers["int8"] - numbers["float16"])
    lost = right["float16"].astype(float) - right["int8"]
    write_json(
        FIGURES,
        {
            "protector": digest(given.int8),
            "dataset": dataset.summary(),
            "trained_on": TRAINED,
            "accuracy": {name: float(answers.mean()) for name, answers in right.items()},
            "lost": mean_with_interval(lost, seed=0).to_dict(),
            "numbers_changed": float(np.mean(moved > 0)),
            "changed_by_more_than_one_level": float(np.mean(moved > 1)),
            "command": "python results/photos_int8.py --data_dir=DIR "
            "--int8=RUN/protector_int8.tflite",
            "machine": machine(),
            "versions": versions(),
        },
    )


if __name__ == "__main__":
    main()
