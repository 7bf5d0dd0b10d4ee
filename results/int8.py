"""What the file of 8-bit weights costs: accuracy, and what its pictures tell. Writes int8.md.

python results/int8.py --data_dir=DIR

The protector that ships is run as it ships, in float32, and as an 8-bit file made of it. A small
ResNet-18 that was trained on float32's pictures sees test pictures of both: so it goes when a
phone sends pictures of the smaller file to a classifier that is already there.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from made_on import made_on

from tfppdnn import load_protector
from tfppdnn.attacks.data import OwnedProtector
from tfppdnn.attacks.nearest import NearestAttack
from tfppdnn.classification.training import train_classifier
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.load import load_dataset
from tfppdnn.exporting.tflite import int8_tflite
from tfppdnn.files import write_text
from tfppdnn.leakage import Interval, SavedModelRecogniser, leakage, mean_with_interval
from tfppdnn.protector.keras_file import load_network
from tfppdnn.protector.litert import LiteRTScheme
from tfppdnn.protector.scheme import Scheme
from tfppdnn.protector.shipped import SHIPPED
from tfppdnn.reports.markdown import table
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_settings

PAGE = Path(__file__).with_suffix(".md")
TRAINED, EPOCHS, ATTACKER, HELD_OUT, CALIBRATION = 10_000, 2, 5_000, 1_000, 200

TITLES = {
    "affine_ssim": ("affine SSIM", "mean picture"),
    "orientation_agreement": ("orientation agreement", "chance"),
    "reidentification": ("matched", "chance"),
}


def int8_protector(calibration: np.ndarray, folder: Path) -> Scheme:
    """Makes the 8-bit file of the protector that ships, as `export` does.

    Args:
        calibration: uint8 [N, 32, 32, 3], real images that its ranges are learned from.
        folder: Where the file is written to.
    """
    file = folder / "protector_int8.tflite"
    file.write_bytes(
        int8_tflite(load_network(SHIPPED / "cifar10" / "protector.keras"), calibration)
    )
    return LiteRTScheme(file)


def classes(dataset: ImageDataset, protectors: Mapping[str, Scheme], folder: Path) -> dict:
    """Trains on pictures of the protector `float32`, and classifies all test pictures of each.

    Returns:
        int64 [M] by the protectors' names.
    """
    part = dataclasses.replace(
        dataset,
        train_images=dataset.train_images[:TRAINED],
        train_labels=dataset.train_labels[:TRAINED],
    )
    settings = make_settings("cpu", {"classifier_epochs": EPOCHS})
    train_classifier(RunFolder(folder), part, protectors["float32"], settings=settings, seed=0)
    classify = SavedModelRecogniser(folder / "classifier")
    return {name: classify(one.protect(dataset.test_images)) for name, one in protectors.items()}


def tells(dataset: ImageDataset, protector: Scheme) -> tuple[dict, dict]:
    """What 1,000 protected test pictures tell by themselves, and to whoever has the app.

    Returns:
        Figures of the pictures, and of what the attack `nearest` makes of them, as
        `tfppdnn.leakage` names them.
    """
    plain, own = dataset.test_images[:HELD_OUT], dataset.train_images[:ATTACKER]
    protected = protector.protect(plain)
    attacker = OwnedProtector(targets=protected, protector=protector, plain=own)
    restored = NearestAttack().run(attacker).images
    return tuple(leakage(images, plain, plain_train=own) for images in (protected, restored))


def share(interval: Interval) -> str:
    """Writes a share with its interval."""
    return f"{interval.mean:.1%} ({interval.low:.1%} to {interval.high:.1%})"


def number(interval: Interval) -> str:
    """Writes a mean with its interval."""
    return f"{interval.mean:.3f} ({interval.low:.3f} to {interval.high:.3f})"


def accuracy_lines(dataset: ImageDataset, answers: Mapping[str, np.ndarray]) -> list[str]:
    """The table of accuracies, and what changes from one file to the other."""
    right = {name: answer == dataset.test_labels for name, answer in answers.items()}
    changed = mean_with_interval(answers["float32"] != answers["int8"])
    lost = mean_with_interval(right["float32"].astype(float) - right["int8"])
    return [
        table(
            ["pictures of", "right about"],
            [[name, share(mean_with_interval(one))] for name, one in right.items()],
        ),
        "",
        f"Another answer for {share(changed)} of the pictures. Of the same pictures float32's are",
        f"right more often by {100 * lost.mean:.1f} points ({100 * lost.low:.1f} to "
        f"{100 * lost.high:.1f}).",
    ]


def leakage_table(told: Mapping[str, tuple[dict, dict]]) -> str:
    """The table of what pictures tell."""
    rows = []
    for which, whose in enumerate(("", "`nearest`: ")):
        for name, (title, nothing) in TITLES.items():
            write = share if name == "reidentification" else number
            cells = [write(figures[which][name].interval) for figures in told.values()]
            least = write(told["float32"][which][name].blind).split(" (")[0]
            rows.append([whose + title, *cells, f"{least} ({nothing})"])
    return table(["", *told, "knowing nothing"], rows)


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    dataset = load_dataset("cifar10", data_dir=parser.parse_args().data_dir, image_size=32)
    with tempfile.TemporaryDirectory() as temporary:
        calibration = dataset.train_images[TRAINED : TRAINED + CALIBRATION]
        protectors = {
            "float32": load_protector("cifar10"),
            "int8": int8_protector(calibration, Path(temporary)),
        }
        answers = classes(dataset, protectors, Path(temporary) / "run")
    pictures = [one.protect(dataset.test_images).astype(np.int16) for one in protectors.values()]
    levels = np.abs(pictures[0] - pictures[1])
    told = {name: tells(dataset, one) for name, one in protectors.items()}
    lines = [
        "# The 8-bit file of the protector that ships",
        "",
        "Written by `python results/int8.py --data_dir=DIR`. All intervals are of 95%.",
        "",
        f"Of {len(levels):,} CIFAR-10 test pictures {np.mean(levels > 0):.0%} of the values "
        f"differ, by {levels.mean():.1f} grey",
        f"levels on average; {np.mean(levels.max(axis=(1, 2, 3)) > 8):.0%} of the pictures by more "
        "than 8 somewhere: another number of the code.",
        "",
        "## Accuracy",
        "",
        f"A ResNet-18 of width 0.25, trained for {EPOCHS} epochs on {TRAINED:,} pictures of "
        "float32's file.",
        "",
        *accuracy_lines(dataset, answers),
        "",
        "## What the pictures tell",
        "",
        f"{HELD_OUT:,} test pictures. `nearest` has the same file, and {ATTACKER:,} pictures of "
        "its own.",
        "",
        leakage_table(told),
        "",
        *made_on(),
    ]
    write_text(PAGE, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
