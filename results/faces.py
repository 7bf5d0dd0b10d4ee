"""Does what is sent tell whether there is a face? Writes faces.md.

python results/faces.py

scikit-image comes with 200 grey pictures of 25x25. Half of them are faces (of Labelled Faces in the
Wild) and half are anything else. An attacker has the protector and nine tenths of these pictures,
and knows what they show. He protects them, learns by the audit's attack `attributes`, and guesses
what the last tenth shows; and so on, until each was guessed once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from made_on import made_on
from skimage.data import lfw_subset
from skimage.transform import resize

from tfppdnn import Protector
from tfppdnn.attacks import AttributeAttack, DescribedImages
from tfppdnn.attacks.regression import Ridge
from tfppdnn.files import write_text
from tfppdnn.leakage.intervals import exact_interval
from tfppdnn.models.eight_bit import as_floats
from tfppdnn.models.inference import inference
from tfppdnn.models.trunk_protector import features_of
from tfppdnn.protection.photos.trunks import load_trunk
from tfppdnn.reports.markdown import table
from tfppdnn.settings import make_settings

PAGE = Path(__file__).with_suffix(".md")
SIZE, PARTS, SEED = 32, 10, 0
# Numbers of a picture that are looked at: more cost time, and 180 pictures teach no more.
MOST = 2048
PROTECTORS = ("photos", "cifar10", "tanaka", "pixel_different", "pixelate:8", "blur:2", "plain")


def main() -> None:
    """Measures, and writes the page."""
    images, faces = pictures()
    rows = [["nothing, always the same answer", "50.0%"]]

    def add(name: str, guessed: np.ndarray) -> None:
        right = int((guessed == faces).sum())
        part = exact_interval(right, len(faces))
        rows.append([name, f"{right / len(faces):.1%} ({part.low:.1%} to {part.high:.1%})"])
        print(rows[-1], flush=True)

    for name in PROTECTORS:
        protector = Protector.named(name).fitted_on(images)
        add(f"`{name}`", guessed_of_protected(images, faces, protector))
    add(
        "all that the trunk of `photos` sees (float), by a ridge regression",
        guessed_of_features(images, faces),
    )
    write_text(PAGE, page(rows))


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """uint8 [200, 32, 32, 3] in an order drawn at random, and whether each shows a face."""
    order = np.random.default_rng(SEED).permutation(200)
    grey = np.stack([resize(picture, (SIZE, SIZE)) for picture in lfw_subset()[order]])
    return np.repeat(np.rint(255 * grey).astype(np.uint8)[..., None], 3, axis=-1), order < 100


def tenths(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Which of `count` pictures are guessed, and which are learnt from: ten times."""
    for guessed in np.array_split(np.arange(count), PARTS):
        yield guessed, np.setdiff1d(np.arange(count), guessed)


def guessed_of_protected(images: np.ndarray, faces: np.ndarray, protector: Protector) -> np.ndarray:
    """What the attack says of each picture that it did not learn from, bool [N]."""
    protected, guesses = protector.protect(images), np.zeros(len(images), bool)
    for guessed, own in tenths(len(images)):
        data = DescribedImages(
            targets=protected[guessed],
            protector=protector,
            plain=images[own],
            attributes={"face": faces[own].astype(np.int64)},
        )
        guesses[guessed] = AttributeAttack(seed=SEED, most=MOST).run(data).guesses["face"]
    return guesses


def guessed_of_features(images: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """The same by a ridge regression of what the trunk sees, which nobody rounded."""
    settings = make_settings("photos")
    see = inference(
        features_of(load_trunk(None, size=settings.trunk.size).model, settings.trunk.size)
    )
    features, guesses = np.asarray(see(as_floats(images)), float), np.zeros(len(images), bool)
    for guessed, own in tenths(len(images)):
        ridge = Ridge(
            lambda which, own=own: features[own][which],
            lambda which, own=own: faces[own][which, None].astype(float),
            pairs=len(own),
        )
        guesses[guessed] = ridge(features[guessed])[:, 0] > 0.5
    return guesses


def page(rows: list[list[str]]) -> str:
    """The page, in Markdown."""
    lines = [
        "# Does what is sent tell whether there is a face?",
        "",
        "Written by `python results/faces.py`. Of our two protectors it does.",
        "",
        "200 grey pictures of 25x25, which come with scikit-image, were enlarged to 32x32. Half",
        "are faces, half are not. The attacker has the protector and 180 of them, and knows what",
        "they show. He guesses the other 20 by the attack `attributes` of the audit, with at most",
        f"{MOST:,} pixels or sums of pixels. So each picture is guessed once. Intervals are of",
        "95%. All of these faces fill their pictures. Of a face in a street it tells nothing.",
        "",
        "`photos` and `cifar10` are made to tell what a picture shows, and so they do. Whether",
        "it is the face of a certain person was not measured.",
        "",
    ]
    return "\n".join([*lines, table(["what is sent", "right"], rows), "", *made_on()]) + "\n"


if __name__ == "__main__":
    main()
