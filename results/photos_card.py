"""Classifiers, audits and tables of the card of the shipped `photos`, and the card, by one command.

python results/photos_card.py --data_dir=DIR --work=DIR

Classifies and attacks what `photos` sends, each with a command that results/README.md explains;
keeps what pages quote of each folder beside this file; and writes tfppdnn/shipped/photos/CARD.md.
What --work holds already is not made again, and what was interrupted goes on. Some three hours of
two cores. With `--only=NAME,...` the records that are here are taken for all others.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from PIL import Image

from tfppdnn.experiments.amending import amend
from tfppdnn.files import read_json, write_json, write_text

HERE = Path(__file__).parent
SHIPPED = HERE.parent / "tfppdnn/shipped/photos"
RECOGNISER = "photos-recogniser"

CIFAR10 = ("--dataset=cifar10", "--image_size=32")
PHOTOS = "--protector=photos"
ATTACKED = ("audit", PHOTOS, "--held_out_images=1000")
GENERATED = (*ATTACKED, "--dataset=cifar10", "--generator_learning_rate=0.002")
AT_32 = (*ATTACKED, "--dataset=cifar10", "--preset=cpu", "--attacker_image_size=32")
# Right about more plain pictures than what an audit trains by itself. It sees with the trunk, so
# what is searched through the trunk may deceive it.
ASKED = "--recogniser={recogniser}"
CLASSIFIERS = {
    "photos-cifar10": ("classify", PHOTOS, *CIFAR10, "--preset=photos"),
    "photos-plain-same-compute": (
        *("classify", "--plain", "--dataset=cifar10", "--preset=cpu", "--mixed_precision=True"),
        *("--classifier_epochs=6", "--classifier_schedule=cosine"),
    ),
}
AUDITS = {
    "photos-audit": (
        *(*AT_32, "--attacker_images=0", "--itn_global_epochs=4", "--recogniser_epochs=2"),
        "--attacks=class_mean,nearest,nearest_mean,ridge,attributes,itn_global",
    ),
    "drawn-photos": (
        *(*GENERATED, ASKED, "--attacker_images=5000", "--generator_epochs=24"),
        *("--prior_images=8", "--prior_steps=300"),
        "--attacks=nearest,ridge,conditional_generator,deep_image_prior",
    ),
    "drawn-photos-all": (
        *(*GENERATED, ASKED, "--attacker_images=0", "--generator_epochs=6"),
        "--attacks=ridge,conditional_generator",
    ),
    "photos-prior": (
        *(*ATTACKED, ASKED, "--dataset=cifar10", "--attacker_images=5000"),
        *("--attacks=deep_image_prior", "--prior_images=8", "--prior_steps=3000"),
    ),
    "photos-views": (
        *(*AT_32, ASKED, "--attacker_images=5000"),
        "--attacks=ridge,ridge_4_views,ridge_16_views",
    ),
    "photos-at-64": (
        *("audit", PHOTOS, "--dataset=tiny_imagenet100", "--preset=cpu", "--held_out_images=500"),
        *("--attacker_image_size=64", "--attacker_images=5000"),
        "--attacks=nearest,nearest_mean,ridge,gradient_inversion",
        *("--recogniser_epochs=1", "--recogniser_width=0.0625"),
    ),
}
# Of this folder, and what each is told beside where the pictures are. The last quotes all others.
SCRIPTS = {"photos_int8": "int8", "photos": "work", "photos_goals": "work"}

# What pages show or quote of a folder.
KEPT = ("config.json", "audit.json", "metrics.json", "figures/protector.png")


def main() -> None:
    """Makes what is missing, and writes the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", type=lambda names: names.split(","))
    given = parser.parse_args()
    every = [*CLASSIFIERS, *AUDITS, *SCRIPTS]
    chosen = given.only or every
    if unknown := set(chosen) - set(every):
        parser.error(f"--only={','.join(unknown)}: choose from {', '.join(every)}")
    work = Path(given.work)

    def verb(name: str, options: Iterable[str]) -> None:
        options = (*options, f"--data_dir={given.data_dir}", f"--out={work / name}")
        run("-m", "tfppdnn", *options)

    if any(ASKED in AUDITS.get(name, ()) for name in chosen):
        verb(RECOGNISER, ("train", "--preset=photos", *CIFAR10))
    recogniser = work / RECOGNISER / "reference_classifier"
    for name, options in {**CLASSIFIERS, **AUDITS}.items():
        if name in chosen:
            verb(name, [option.format(recogniser=recogniser) for option in options])
            keep(work / name, HERE / name)
    places = {"int8": SHIPPED / "protector_int8.tflite", "work": work / "features"}
    for name, option in SCRIPTS.items():
        if name in chosen:
            script = str(HERE / f"{name}.py")
            run(script, f"--data_dir={given.data_dir}", f"--{option}={places[option]}")
    amend(
        SHIPPED,
        [HERE / name for name in (*CLASSIFIERS, *AUDITS)],
        measured=HERE / "photos_goals.json",
        int8=HERE / "photos_int8.json",
    )


def run(*arguments: str) -> None:
    """Runs Python, and ends as it does if it fails."""
    print("python", *arguments, flush=True)
    if code := subprocess.run([sys.executable, *arguments], check=False).returncode:
        sys.exit(code)


def keep(folder: Path, kept: Path) -> None:
    """Copies what pages show or quote, without the folders of this machine."""
    shutil.rmtree(kept, ignore_errors=True)
    for name in KEPT:
        if not (folder / name).exists():
            continue
        (kept / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".png"):
            # So that no colour is far off, as a rare one else is: a yellow car turned orange.
            few = Image.open(folder / name).quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3)
            few.save(kept / name, optimize=True)
        else:
            record = (folder / name).read_text(encoding="utf-8")
            write_text(kept / name, record.replace(f"{folder.parent}/", "runs/card/"))
    config = read_json(kept / "config.json")
    write_json(kept / "config.json", {**config, "data_dir": "DIR"})
    if folder.name in CLASSIFIERS:
        shutil.copyfile(folder / "logs/seconds.json", kept / "seconds.json")


if __name__ == "__main__":
    main()
