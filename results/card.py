"""Makes what the card of a shipped protector tells, each part by a command, and writes the card.

`photos_card.py` and `cifar10_card.py` say what that is of their protector.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from PIL import Image

from tfppdnn.experiments.amending import amend
from tfppdnn.files import read_json, write_json, write_text
from tfppdnn.protector.shipped import SHIPPED

HERE = Path(__file__).parent

# What pages show or quote of a folder.
KEPT = ("config.json", "audit.json", "metrics.json", "figures/protector.png")

# In an audit's options: whom it asks what a picture shows.
ASKED = "--recogniser={recogniser}"


@dataclass(frozen=True, kw_only=True)
class Card:
    """What the card of one shipped protector is made of.

    Attributes:
        name: What the protector ships as.
        recogniser: Options of `tfppdnn` that make the classifier whom audits ask, and the name of
            that classifier in its folder.
        classifiers: Options of `tfppdnn classify`, by the name of their folder.
        audits: Options of `tfppdnn audit`, by the name of their folder.
        scripts: Scripts of this folder, and an option of each with what it is to hold: `{work}` is
            a folder for what is made on the way, `{shipped}` the protector's.
        figures: Files of this folder that `amend` puts into the card, by the option's name.
    """

    name: str
    recogniser: tuple[tuple[str, ...], str]
    classifiers: Mapping[str, tuple[str, ...]]
    audits: Mapping[str, tuple[str, ...]]
    scripts: Mapping[str, str | None] = field(default_factory=dict)
    figures: Mapping[str, str] = field(default_factory=dict)

    @property
    def verbs(self) -> dict[str, tuple[str, ...]]:
        """Options of `tfppdnn`, the verb first, by the name of their folder."""
        return {
            **{name: ("classify", *options) for name, options in self.classifiers.items()},
            **{name: ("audit", *options) for name, options in self.audits.items()},
        }


def make(card: Card, about: str) -> None:
    """Makes what is missing, and writes the card.

    Args:
        card: What it is made of.
        about: A line that `--help` says.
    """
    given = _given(card, about)
    chosen, work = given.only or [*card.verbs, *card.scripts], Path(given.work)

    def verb(name: str, options: Iterable[str]) -> None:
        run("-m", "tfppdnn", *options, f"--data_dir={given.data_dir}", f"--out={work / name}")

    options, classifier = card.recogniser
    recogniser = work / f"{card.name}-recogniser"
    if any(ASKED in card.audits.get(name, ()) for name in chosen):
        verb(recogniser.name, options)
    for name, options in card.verbs.items():
        if name in chosen:
            verb(name, [option.format(recogniser=recogniser / classifier) for option in options])
            keep(work / name, HERE / name)
    for name, option in card.scripts.items():
        if name in chosen:
            places = {"work": work / "features", "shipped": SHIPPED / card.name}
            more = () if option is None else (option.format(**places),)
            run(str(HERE / f"{name}.py"), f"--data_dir={given.data_dir}", *more)
    amend(
        SHIPPED / card.name,
        [HERE / name for name in card.verbs],
        **{name: HERE / file for name, file in card.figures.items()},
    )


def _given(card: Card, about: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=about)
    for name in ("data_dir", "work"):
        parser.add_argument(f"--{name}", required=True)
    parser.add_argument("--only", type=lambda names: names.split(","))
    given = parser.parse_args()
    every = [*card.verbs, *card.scripts]
    if unknown := set(given.only or ()) - set(every):
        parser.error(f"--only={','.join(unknown)}: choose from {', '.join(every)}")
    return given


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
    if config["verb"] == "classify":
        shutil.copyfile(folder / "logs/seconds.json", kept / "seconds.json")
