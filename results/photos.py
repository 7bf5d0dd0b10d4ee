"""What a code of so many bits keeps and gives away: the frontier of `photos`. Writes photos.md.

python results/photos.py --data_dir=DIR --work=DIR

The code is learnt from tiny_imagenet100 alone. Each is judged on the seen task (its 100 classes)
and on one that it never saw, CIFAR-10, all of it, by the same small classifier; and attacked by
who owns it, with all 50,000 training pictures of CIFAR-10, on the audit's 1,000 test pictures.
What the trunk sees and what was measured go to --work, and are not made again.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from photos_attackers import attacked
from photos_disturbed import changed, disturbed, half_compressed
from photos_page import page, picture
from photos_tasks import (
    LEVELS,
    SEED,
    SHIPPED,
    Pair,
    Task,
    accuracy_of,
    code_of,
    encoder_of,
    named_classes,
    pixels_of,
    said,
    some_classes,
    tasks,
    vocabulary_of,
)

from tfppdnn.files import read_json, write_bytes, write_json, write_text
from tfppdnn.leakage import CodeBound
from tfppdnn.protection.photos.code import Encoder
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.protection.photos.words import Vocabulary
from tfppdnn.settings import make_settings

PAGE = Path(__file__).with_suffix(".md")
NUMBERS = (4, 8, 16, 32, 64, 128, 192, 256)
HIDING = (0.0, 0.1, 0.3, 1.0, 3.0)
# Words in place of numbers, of so many values each.
WORDS, CHOICES = (1, 2, 4, 8, 16), 64
# The frontier over the hiding weight is drawn at this size.
AT = 128
# What else might be sent, by its name on the page.
PICTURES = {
    "plain pixels": "plain",
    "blurred, sigma 2": "blur:2",
    "pixels of 4x4": "pixelate:4",
    "pixels of 8x8": "pixelate:8",
    "pixel-based cipher, one key": "pixel_same:1",
    "Tanaka's cipher": "tanaka:1",
}
LABEL = "the class alone, named on the phone"


def main() -> None:
    """Measures what is not measured yet, and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data_dir", "work"):
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()
    settings = make_settings("photos", {"head_batch_size": 256, "head_epochs": 10})
    trunk = load_trunk(None, size=settings.trunk.size)
    work = Path(given.work)
    known, other = tasks(settings, trunk.model, data_dir=given.data_dir, work=work)
    kept = work / "figures.json"
    figures = read_json(kept) if kept.exists() else {}

    def measured(name: str, sent: Callable[[Task], Pair], *, bits: float | None) -> None:
        one = figures.setdefault(name, {"bits": bits})
        if "seen" not in one:
            one["seen"] = accuracy_of(settings, known.dataset, *sent(known))
            write_json(kept, figures)
        if "unseen" not in one:
            pair = sent(other)
            one["unseen"] = accuracy_of(settings, other.dataset, *pair)
            one |= attacked(other, *pair)
            write_json(kept, figures)
        print(name, one, flush=True)

    def seen_by_trunk(of: Task) -> Pair:
        return of.features

    def codes(of: Task, encoder: Encoder) -> Pair:
        return tuple(code_of(part, encoder) for part in of.features)

    def named(of: Task, vocabulary: Vocabulary) -> Pair:
        return tuple(said(part, vocabulary) for part in of.features)

    def reduced(of: Task, numbers: int) -> Pair:
        return tuple(part[:, ::3] for part in pixels_of(of, f"pca:{3 * numbers}"))

    measured("float features", seen_by_trunk, bits=None)
    for numbers, weight in [*((n, 0.3) for n in NUMBERS), *((AT, w) for w in HIDING)]:
        encoder = encoder_of(known, numbers, weight)
        name = f"{numbers} numbers, hiding weight {weight:g}"
        bound = CodeBound(numbers * np.log2(LEVELS))
        measured(name, partial(codes, encoder=encoder), bits=float(bound.bits))
    for words in WORDS:
        vocabulary = vocabulary_of(known, words, CHOICES)
        name = f"{words} word{'s' if words > 1 else ''} of {CHOICES}"
        bits = float(words * np.log2(CHOICES))
        measured(name, partial(named, vocabulary=vocabulary), bits=bits)
    for numbers in (32, 128):
        name = f"PCA of the pixels, {numbers} numbers"
        measured(name, partial(reduced, numbers=numbers), bits=3.0 * numbers)
    for name, protector in PICTURES.items():
        measured(name, partial(pixels_of, protector=protector), bits=None)
    bits = float(np.log2(len(other.dataset.class_names)))
    measured(LABEL, lambda of: named_classes(settings, of, *of.features), bits=bits)
    halves = [some_classes(known, which) for which in (range(50), range(50, 100))]
    encoder = encoder_of(halves[0], SHIPPED, 0.3)
    for name, pair in (("features", seen_by_trunk), ("code", partial(codes, encoder=encoder))):
        if f"other half, {name}" not in figures:
            accuracy = accuracy_of(settings, halves[1].dataset, *pair(halves[1]))
            figures[f"other half, {name}"] = accuracy
            write_json(kept, figures)
    if "disturbed" not in figures:
        encoder = encoder_of(known, SHIPPED, 0.3)
        code, seen = partial(code_of, encoder=encoder), changed(settings, trunk.model, other)
        half = half_compressed(settings, trunk.model, other)
        larger = changed(settings, trunk.model, known)
        figures["disturbed"] = {
            "float features": disturbed(settings, other, seen, lambda features: features),
            "the code": disturbed(settings, other, seen, code),
            "the code, and what was learnt from was JPEG by half": disturbed(
                settings, other, seen, code, train=half
            ),
            "the code, of the seen task at 64x64": disturbed(settings, known, larger, code),
        }
        write_json(kept, figures)
    write_bytes(PAGE.with_suffix(".png"), picture(figures))
    write_text(PAGE, page(figures, seed=SEED, shipped=SHIPPED))


if __name__ == "__main__":
    main()
