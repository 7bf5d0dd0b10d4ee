"""How often a changed picture is found by its protected original. Writes linking.md.

python results/linking.py --data_dir=DIR

Each of 1,000 CIFAR-10 test pictures is changed a little and protected; then the nearest of the
1,000 protected originals is looked for. That needs no attack: whoever has the app can do it with
pictures that he has, and the cloud with two pictures that it was sent.
"""

from __future__ import annotations

import argparse
import io
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from made_on import made_on
from PIL import Image

from tfppdnn import load_protector
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.reports.markdown import table

PAGE = Path(__file__).with_suffix(".md")
COUNT = 1000


def recompressed(images: np.ndarray, *, quality: int) -> np.ndarray:
    """Saves uint8 [N, H, W, 3] as JPEG and reads it again."""
    made = []
    for image in images:
        file = io.BytesIO()
        Image.fromarray(image).save(file, "JPEG", quality=quality)
        made.append(np.asarray(Image.open(file)))
    return np.stack(made)


def shifted(images: np.ndarray, *, pixels: int) -> np.ndarray:
    """Shifts to the right; what comes in repeats the border."""
    return np.pad(images, ((0, 0), (0, 0), (pixels, 0), (0, 0)), "edge")[:, :, :-pixels]


CHANGES = {
    "none": lambda images: images,
    "saved as JPEG of quality 75": lambda images: recompressed(images, quality=75),
    "moved by one pixel": lambda images: shifted(images, pixels=1),
    "moved by four pixels": lambda images: shifted(images, pixels=4),
    "mirrored": lambda images: images[:, :, ::-1],
}


def nearest(images: np.ndarray, candidates: np.ndarray) -> np.ndarray:
    """Finds for each image the number of the candidate that is nearest by mean squared error."""
    ones, others = (some.reshape(len(some), -1).astype(np.float32) for some in (images, candidates))
    distances = (ones**2).sum(1)[:, None] + (others**2).sum(1) - 2 * ones @ others.T
    return distances.argmin(axis=1)


def rows_of(protector: str, images: np.ndarray) -> list[list[str]]:
    """What is linked of the pictures of one protector, a row a change."""
    protect = load_protector(protector).protect
    originals, rows = protect(images), []
    for name, change in CHANGES.items():
        protected = protect(np.ascontiguousarray(change(images)))
        same = (protected == originals).all(axis=(1, 2, 3)).mean()
        linked = (nearest(protected, originals) == np.arange(COUNT)).mean()
        rows.append([name, f"{same:.1%}", f"{linked:.1%}"])
    return rows


def main() -> None:
    """Measures each protector that ships, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    options = parser.parse_args()
    dataset = load_dataset("cifar10", data_dir=options.data_dir, image_size=32)
    images = dataset.test_images[:COUNT]
    head = ["change", "protected pictures that stay the same", "nearest to that of their original"]
    lines = [
        "# Linking protected pictures",
        "",
        "Written by `python results/linking.py --data_dir=DIR`: the first",
        f"{COUNT:,} CIFAR-10 test pictures, each changed before it was protected.",
        f"Data: {dataset.version}.",
    ]
    for protector in ("photos", "cifar10"):
        lines += ["", f"## {protector}", "", table(head, rows_of(protector, images))]
    write_text(PAGE, "\n".join([*lines, "", *made_on()]) + "\n")


if __name__ == "__main__":
    main()
