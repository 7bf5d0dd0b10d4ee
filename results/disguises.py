"""How a picture in disguise scores by the orientation agreement. Writes disguises.md.

python results/disguises.py --data_dir=DIR

A disguise here hides nothing from the eye, or little. A measure of what is hidden must say so.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from made_on import made_on
from scipy import ndimage
from skimage.feature import canny

from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.leakage import leakage
from tfppdnn.reports.markdown import table

PAGE = Path(__file__).with_suffix(".md")
PICTURES, SEED = 300, 0
MEASURES = ("affine_ssim", "contour_correlation", "orientation_agreement")


def as_pixels(values: np.ndarray) -> np.ndarray:
    """Rounds to uint8, cut off at 0 and 255."""
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


def saturated(plain: np.ndarray) -> np.ndarray:
    """Eight times the contrast about each picture's mean."""
    return as_pixels((plain - plain.mean(axis=(1, 2), keepdims=True)) * 8)


def drawn(plain: np.ndarray) -> np.ndarray:
    """White lines where Canny's detector sees edges."""
    edges = np.stack([canny(image.mean(axis=-1) / 255, sigma=1) for image in plain])
    return np.repeat(edges[..., None], 3, axis=-1) * np.uint8(255)


def salted(plain: np.ndarray) -> np.ndarray:
    """Black or white in each channel of 30% of the pixels."""
    random = np.random.default_rng(SEED)
    salt = random.integers(0, 2, plain.shape, dtype=np.uint8) * np.uint8(255)
    return np.where(random.random((*plain.shape[:3], 1)) < 0.3, salt, plain)


def noise(plain: np.ndarray) -> np.ndarray:
    """Nothing of the picture."""
    return np.random.default_rng(SEED).integers(0, 256, plain.shape, dtype=np.uint8)


def blurred(plain: np.ndarray, *, sigma: float) -> np.ndarray:
    """A Gaussian of `sigma` pixels."""
    return as_pixels(ndimage.gaussian_filter(plain.astype(float), (0, sigma, sigma, 0)))


DISGUISES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "a photographic negative": lambda plain: 255 - plain,
    "saturated colours": saturated,
    "a line drawing": drawn,
    "salt on 30% of the pixels": salted,
    "blurred by a Gaussian of 2 pixels": lambda plain: blurred(plain, sigma=2),
    "of 4 pixels": lambda plain: blurred(plain, sigma=4),
    "of 8 pixels": lambda plain: blurred(plain, sigma=8),
    "noise alone": noise,
}


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    dataset = load_dataset("cifar10", data_dir=parser.parse_args().data_dir, image_size=32)
    plain = dataset.test_images[:PICTURES]
    rows, blind = [], []
    for name, disguise in DISGUISES.items():
        found = leakage(disguise(plain), plain, seed=SEED, plain_train=dataset.train_images)
        figures = [found[measure] for measure in MEASURES]
        rows.append([name, *(one.measure.write(one.value) for one in figures)])
        blind = [one.measure.write(one.blind.mean) for one in figures]
    rows.append(["the last, against what tells nothing", *blind])
    lines = [
        "# How pictures in disguise score",
        "",
        "Written by `python results/disguises.py --data_dir=DIR`.",
        "",
        f"The first {PICTURES} CIFAR-10 test pictures. A line drawing has the affine SSIM of a",
        "picture that tells nothing. The orientation agreement is by chance for noise alone.",
        "",
        table(["disguise", "affine SSIM", "contour correlation", "orientation agreement"], rows),
        "",
        f"Data: {dataset.summary()['version']}.",
        *made_on(),
    ]
    write_text(PAGE, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
