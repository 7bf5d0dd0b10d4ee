"""What an h_p for photographs is worth: what its pictures keep, show, and give back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np

from tfppdnn.attacks.regression import Ridge
from tfppdnn.datasets.batches import in_batches
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.images.photographs import photographs
from tfppdnn.leakage.baseline import Baseline
from tfppdnn.leakage.examination import Examination
from tfppdnn.leakage.figure import to_record
from tfppdnn.leakage.recogniser import Recogniser
from tfppdnn.models.dense_classifier import feature_classifier
from tfppdnn.models.eight_bit import as_bytes, as_floats, run_on_images
from tfppdnn.models.inference import inference
from tfppdnn.models.tiles import ReadTiles, grid_side
from tfppdnn.models.trunk_protector import codes_of
from tfppdnn.protection.measurements import LEAKAGE_IMAGES, outlines_of_photographs
from tfppdnn.protection.photos.features import SMALL_SIZE
from tfppdnn.protection.photos.heads import train_head
from tfppdnn.reports.pictures import Pictures
from tfppdnn.reports.report import draw_figures
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings.photos import CodeSettings, PhotoSettings
from tfppdnn.training.checkpoints import restore_part
from tfppdnn.training.shards import Arrays

Restore = Callable[[np.ndarray], np.ndarray]
"""From protected pictures, uint8 [N, H, W, 3], to guesses of the plain ones, [N, 32, 32, 3]."""

CODES = "classifier_of_codes"
"""Name of the checkpoints of the classifier that is trained on codes."""

# A ridge regression from a few hundred numbers needs no more.
_RESTORER_PICTURES = 20_000
_SHOWN = 10


def measure(
    run: RunFolder,
    settings: PhotoSettings,
    dataset: ImageDataset,
    train: Arrays,
    test: Arrays,
    protector: keras.Model,
    *,
    seed: int,
) -> tuple[Restore, Recogniser]:
    """Records what a classifier makes of protected pictures and what they show.

    `reference_accuracy_on_plain` is that of a classifier of float features, and
    `reference_accuracy_on_protected` that of the same classifier trained on codes, both on test
    pictures. `restored_leakage` is what a ridge regression gets back, which is trained on pairs, as
    whoever owns h_p can: a first bound on what such people see.

    Args:
        run: The run folder.
        settings: Of the code, and of the classifier.
        dataset: Plain pictures and labels.
        train: What was kept of the training pictures, see `see_pictures`.
        test: Likewise, of the test pictures.
        protector: h_p.
        seed: Seed of the classifier.

    Returns:
        The restorer, and a classifier of protected pictures.
    """
    codes = codes_of(protector, train["features"])
    read = tile_reader(settings.code)
    plain = dataset.test_images
    starts = range(0, len(plain), 256)
    protected_codes = np.concatenate(
        [read(run_on_images(protector, plain[start : start + 256])) for start in starts]
    )
    head, classified = train_head(
        run, settings, dataset, codes, protected_codes, stage=CODES, seed=seed
    )
    reference = run.metrics()["reference_classifier"]

    pairs = slice(_RESTORER_PICTURES)
    small = train["pictures"][pairs].reshape(-1, SMALL_SIZE * SMALL_SIZE * 3)
    ridge = Ridge(
        lambda which: codes[pairs][which].astype(np.float64),
        lambda which: small[which] / 255,
        pairs=len(small),
    )

    def restore(protected: np.ndarray) -> np.ndarray:
        guessed = ridge(read(protected).astype(np.float64)).clip(0, 1)
        return as_bytes(guessed.reshape(-1, SMALL_SIZE, SMALL_SIZE, 3))

    some = slice(LEAKAGE_IMAGES)
    shown, small_test = plain[some], test["pictures"][some]
    protected = run_on_images(protector, shown)
    mean_of = dataset.train_images[some]
    run.record(
        "protector",
        {
            "test_images": classified["test_images"],
            "reference_accuracy_on_plain": reference["test_accuracy"],
            "reference_accuracy_on_protected": classified["test_accuracy"],
            "different_protected": len({code.tobytes() for code in protected_codes}),
            "leakage": _leakage(protected, Baseline(shown, plain_train=mean_of)),
            "restored_leakage": _leakage(
                restore(protected), Baseline(small_test, plain_train=train["pictures"])
            ),
            "photographs_leakage": outlines_of_photographs(protector),
        },
    )
    return restore, _of_tiles(head, settings.code)


def classifier_of_codes(
    run: RunFolder, settings: PhotoSettings, *, num_classes: int
) -> Recogniser | None:
    """Loads the classifier of protected pictures that `measure` trained.

    Args:
        run: The run folder.
        settings: Of the code, and of the classifier.
        num_classes: The number of classes.

    Returns:
        It, or None if the folder does not hold its checkpoints any more.

    Raises:
        UserError: A checkpoint is damaged, or of another classifier.
    """
    if not any(run.checkpoints(CODES).glob("step-*.npz")):
        return None
    head = feature_classifier(
        features=settings.code.size, num_classes=num_classes, width=settings.head.width
    )
    restore_part(run.checkpoints(CODES), before=[], part=head)
    return _of_tiles(head, settings.code)


def _of_tiles(head: keras.Model, code: CodeSettings) -> Recogniser:
    """A classifier of pictures, made of one of the codes that they show."""
    read, logits = tile_reader(code), inference(head)

    def classify(pictures: np.ndarray) -> np.ndarray:
        return keras.ops.convert_to_numpy(logits(read(pictures))).argmax(axis=1)

    return classify


def tile_reader(code: CodeSettings) -> Callable[[np.ndarray], np.ndarray]:
    """Reads codes off pictures: uint8 [N, H, W, 3] to float32 [N, D] in [-1, 1]."""
    images = keras.Input((None, None, 3))
    read = inference(keras.Model(images, ReadTiles(grid_side(code.size))(images)))

    def numbers(pictures: np.ndarray) -> np.ndarray:
        # As floats, a thousand photographs are a gigabyte.
        tiles = np.concatenate(
            [
                keras.ops.convert_to_numpy(read(as_floats(some))).mean(axis=-1)
                for some in in_batches(pictures, 64)
            ]
        )
        return tiles.reshape(len(tiles), -1)[:, : code.size] * 2 - 1

    return numbers


def draw_pictures(
    run: RunFolder, images: np.ndarray, protector: keras.Model, restore: Restore
) -> None:
    """Protects and restores some pictures for people to look at, and photographs beside them."""
    plain, large = images[:_SHOWN], photographs()[:4]
    protected, large_protected = (run_on_images(protector, some) for some in (plain, large))
    pictures = Pictures(
        plain=plain,
        protected=protected,
        restored=_enlarged(restore(protected), plain.shape[1]),
        large_plain=large,
        large_protected=large_protected,
        large_restored=_enlarged(restore(large_protected), large.shape[1]),
    )
    draw_figures(run, pictures)


def _enlarged(images: np.ndarray, size: int) -> np.ndarray:
    places = np.arange(size) * images.shape[1] // size
    return images[:, places][:, :, places]


def summary(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The few figures that `train` prints, from `metrics.json`."""
    protector = metrics["protector"]

    def mean(part: str, measure: str) -> float:
        return round(protector[part][measure]["mean"], 4)

    return {
        "reference_accuracy": protector["reference_accuracy_on_plain"],
        "reference_accuracy_on_protected": protector["reference_accuracy_on_protected"],
        "test_images": protector["test_images"],
        "orientation_agreement": mean("leakage", "orientation_agreement"),
        "orientation_agreement_chance": mean("leakage", "orientation_agreement_chance"),
        "restored_affine_ssim": mean("restored_leakage", "affine_ssim"),
        "restored_affine_ssim_floor": mean("restored_leakage", "affine_ssim_floor"),
        "restored_matched": mean("restored_leakage", "cosine_reidentification"),
    }


def _leakage(images: np.ndarray, baseline: Baseline) -> dict[str, Any]:
    return to_record(Examination(images, baseline).figures)
