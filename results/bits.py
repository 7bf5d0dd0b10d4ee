"""What a code of so many bits can give away: PCA codes of the pixels. Writes bits.md.

python results/bits.py --data_dir=DIR

A code that is made to show the picture is measured as the audit measures what is sent, on the
audit's 1,000 CIFAR-10 test pictures. Its components are learnt from the training pictures.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from made_on import made_on

from tfppdnn import Protector
from tfppdnn.audit.material import Material
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import write_text
from tfppdnn.leakage import CodeBound, leakage
from tfppdnn.reports.markdown import table

PAGE = Path(__file__).with_suffix(".md")
HELD_OUT, SEED = 1_000, 0
CODES = ("pca:6", "pca:24", "pca:48", "pca:96")
MEASURES = ("affine_ssim", "cosine_reidentification", "orientation_agreement")


def main() -> None:
    """Measures, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir")
    dataset = load_dataset("cifar10", data_dir=parser.parse_args().data_dir, image_size=32)
    material = Material.of(dataset, held_out_images=HELD_OUT)
    rows, nothing = [], []
    for name in CODES:
        protector = Protector.named(name).fitted_on(dataset.train_images)
        sent = protector.protect(material.held_out)
        found = leakage(sent, material.held_out, seed=SEED, plain_train=material.attackers)
        figures = [found[measure] for measure in MEASURES]
        bound = CodeBound(protector.bits).named_at_most
        cells = [
            f"{write(one.value)} ({write(one.low)} to {write(one.high)})"
            for one in figures
            for write in (one.measure.write,)
        ]
        rows.append([f"`{name}`", *cells, "none" if bound == 1 else f"1 in {1 / bound:,.0f}"])
        nothing = [one.measure.write(one.blind.mean) for one in figures]
    rows.append(["knowing nothing", *nothing, ""])
    head = ["code", "likeness (affine SSIM)", "matched, at any contrast", "outlines, by direction"]
    lines = [
        "# What a code of so many bits can give away",
        "",
        "Written by `python results/bits.py --data_dir=DIR`.",
        "",
        f"PCA codes of the pixels, 3 bits a number, as sent: {HELD_OUT:,} CIFAR-10 test pictures,",
        f"seed {SEED}. Intervals are of 95%. *Crowd bound*: how often anybody names the right one",
        "of 1,000,000 equally likely pictures, at most.",
        "",
        table([*head, "crowd bound"], rows),
        "",
        "So 96 bits do not hide a picture. What hides it is what a code spends them on.",
        "",
        f"Data: {dataset.summary()['version']}.",
        *made_on(),
    ]
    write_text(PAGE, "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
