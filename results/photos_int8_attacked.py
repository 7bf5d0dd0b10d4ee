"""What the 8-bit file of `photos` gives away, beside the other. Writes photos_int8_attacked.json.

python results/photos_int8_attacked.py --data_dir=DIR

Two attackers who have a file protect 10,000 pictures of CIFAR-10 by it, which `photos` never saw,
and are tried on 1,000 others: ridge regression, and the nearest of their own pictures.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import tfppdnn
from tfppdnn import Protector
from tfppdnn.attacks import NearestAttack, OwnedProtector, RidgeAttack
from tfppdnn.datasets.load import load_dataset
from tfppdnn.files import digest, write_json
from tfppdnn.leakage import leakage
from tfppdnn.run_folder import machine, versions

FIGURES = Path(__file__).with_suffix(".json")
SHIPPED = Path(tfppdnn.__file__).parent / "shipped" / "photos"
FILES = ("protector_fp16.tflite", "protector_int8.tflite")
PAIRS, HELD_OUT, SEED = 10_000, 1_000, 0
MEASURES = ("cosine_reidentification", "reidentification", "affine_ssim", "orientation_agreement")


def main() -> None:
    """Attacks both files, and writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data_dir", required=True)
    given = parser.parse_args()
    dataset = load_dataset("cifar10", data_dir=given.data_dir)
    own, plain = dataset.train_images[:PAIRS], dataset.test_images[:HELD_OUT]
    found = {}
    for name in FILES:
        protector = Protector.from_preset(SHIPPED / name)
        data = OwnedProtector(
            targets=protector.protect(plain),
            protector=protector,
            plain=own,
        )
        made = {attack.name: attack.run(data).images for attack in (RidgeAttack(), NearestAttack())}
        found[name] = {
            attack: {
                name: record
                for measure, figure in leakage(images, plain, seed=SEED, plain_train=own).items()
                if measure in MEASURES
                for name, record in figure.to_dict().items()
                if not name.endswith("_ceiling")
            }
            for attack, images in made.items()
        }
        print(name, found[name], flush=True)
    write_json(
        FIGURES,
        {
            "files": {name: digest(SHIPPED / name) for name in FILES},
            "pairs": PAIRS,
            "held_out": HELD_OUT,
            "dataset": dataset.summary(),
            "attacked": found,
            "command": "python results/photos_int8_attacked.py --data_dir=DIR",
            "seed": SEED,
            "machine": machine(),
            "versions": versions(),
        },
    )


if __name__ == "__main__":
    main()
