"""Whether a shipped protector tells which pictures it was trained on. Writes membership.md.

python results/membership.py --data_dir=DIR

The attack `membership` of the audit, on many pictures: an attacker has the protector and the plain
pictures. Of half of them he knows whether they were in its training, and he learns to tell by all
that the protector's network says of a picture before it rounds its numbers. He is tried on the
other half.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tfppdnn import Protector
from tfppdnn.attacks import MembershipAttack, Suspects
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.leakage import membership
from tfppdnn.leakage.figure import Figures
from tfppdnn.models.before_rounding import before_rounding
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
        figures = suspected(Protector.named(name), dataset, count)
        right, area = figures["membership"], figures["membership_area"]
        rows.append(
            [
                f"`{name}`",
                data,
                f"{right.count:,}",
                f"{right.value:.1%} ({right.low:.1%} to {right.high:.1%})",
                f"{area.value:.3f}",
            ]
        )
        print(rows[-1], flush=True)
    write_text(PAGE, page(rows))


def suspected(protector: Protector, dataset: ImageDataset, count: int) -> Figures:
    """What the attack tells who knows the first half of the first pictures of both splits."""
    half = count // 2

    def both(inside: np.ndarray, outside: np.ndarray, which: slice) -> np.ndarray:
        return np.concatenate([inside[:count][which], outside[:count][which]])

    images, labels = (
        [both(*split, which) for which in (slice(half), slice(half, None))]
        for split in (
            (dataset.train_images, dataset.test_images),
            (dataset.train_labels, dataset.test_labels),
        )
    )
    numbers = before_rounding(protector.network)
    found = MembershipAttack(seed=SEED).run(
        Suspects(
            targets=images[1],  # The numbers say more.
            protector=protector,
            plain=images[0],
            labels=labels[0],
            was_in=np.repeat([True, False], half),
            suspects=images[1],
            suspect_labels=labels[1],
            numbers=numbers,
        )
    )
    return membership(found.scores, np.repeat([True, False], count - half))


def page(rows: list[list[str]]) -> str:
    """The page, in Markdown."""
    head = ["protector", "trained on", "pictures tried", "right", "area under the curve"]
    lines = [
        "# Whether a protector tells which pictures it was trained on",
        "",
        "Written by `python results/membership.py --data_dir=DIR`.",
        "",
        "The attack `membership` of the audit (docs/audit.md), on more pictures than an audit has.",
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
