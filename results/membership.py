"""Whether a shipped protector tells which pictures it was trained on. Writes membership.md.

python results/membership.py --data_dir=DIR

An attacker has the protector and the plain pictures. Of half of them he knows whether they were in
its training, and he learns to tell by all that the protector's network says of a picture before it
rounds its numbers. He is tried on the other half.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.metrics import roc_auc_score

from tfppdnn import Protector
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.models.code import code_of
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.inference import inference
from tfppdnn.reports.markdown import table
from tfppdnn.run_folder import machine, versions

PAGE = Path(__file__).with_suffix(".md")
TRAINED_ON = {"cifar10": ("cifar10", 32), "photos": ("tiny_imagenet100", 64)}
MOST, SEED = 5_000, 0


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    data_dir = parser.parse_args().data_dir
    rows = []
    for name, (data, size) in TRAINED_ON.items():
        dataset = load_dataset(data, data_dir=data_dir, image_size=size)
        count = min(MOST, len(dataset.test_images))
        see = before_rounding(Protector.named(name).network)
        inside = told(see, dataset.train_images[:count], dataset.train_labels[:count])
        outside = told(see, dataset.test_images[:count], dataset.test_labels[:count])
        right, tried, area = attacked(inside, outside)
        low, high = stats.binomtest(right, tried).proportion_ci(method="wilson")
        rows.append(
            [
                f"`{name}`",
                data,
                f"{tried:,}",
                f"{right / tried:.1%} ({low:.1%} to {high:.1%})",
                f"{area:.3f}",
            ]
        )
        print(rows[-1], flush=True)
    write_text(PAGE, page(rows))


def before_rounding(network: keras.Model):
    """What the network says of a picture before its numbers become a code."""
    return inference(keras.Model(network.inputs[0], code_of(network).input))


def told(see, images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """All that the attacker learns from: the numbers, how sure they are, and the class."""
    batches = (see(as_floats(images[i : i + 64])) for i in range(0, len(images), 64))
    numbers = np.tanh(np.concatenate([np.asarray(batch) for batch in batches]))
    return np.column_stack([numbers, np.abs(numbers), np.abs(numbers).mean(axis=1), labels])


def attacked(inside: np.ndarray, outside: np.ndarray) -> tuple[int, int, float]:
    """How often he is right, of how many, and the area under the ROC curve."""
    half = len(inside) // 2
    known = np.concatenate([inside[:half], outside[:half]])
    other = np.concatenate([inside[half:], outside[half:]])
    was_in = np.repeat([1, 0], [half, half])
    truth = np.repeat([1, 0], [len(inside) - half, len(outside) - half])
    attack = HistGradientBoostingClassifier(random_state=SEED).fit(known, was_in)
    guessed = attack.predict_proba(other)[:, 1]
    right = int(((guessed > 0.5) == truth).sum())
    return right, len(truth), float(roc_auc_score(truth, guessed))


def page(rows: list[list[str]]) -> str:
    """The page, in Markdown."""
    head = ["protector", "trained on", "pictures tried", "right", "area under the curve"]
    lines = [
        "# Whether a protector tells which pictures it was trained on",
        "",
        "Written by `python results/membership.py --data_dir=DIR`.",
        "",
        "An attacker has the protector and plain pictures, one half of them from its training.",
        "Of others he knows which were, and has learnt from these: gradient boosting on the",
        "network's numbers before rounding, and the class. By guessing he is right half of the",
        "time, and the area is 0.5. Intervals are of 95%. Stronger attackers, with models of their",
        "own to compare with, were not tried.",
        "",
        table(head, rows),
        "",
        f"Seed {SEED}. Machine: {', '.join(str(value) for value in machine().values())}.",
        f"Versions: {', '.join(f'{name} {version}' for name, version in versions().items())}.",
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
