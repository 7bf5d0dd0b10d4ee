"""What leaves the building: a run's files for clients and servers."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import keras
import numpy as np
from tqdm import tqdm

from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.load import AnyDataset, load_dataset
from tfppdnn.errors import UserError
from tfppdnn.exporting.classifier import export_classifier
from tfppdnn.exporting.run_folder import export_all
from tfppdnn.exporting.verify import VerificationError
from tfppdnn.files import written_whole
from tfppdnn.gate import make_gate
from tfppdnn.leakage.recogniser import Recogniser, SavedModelRecogniser
from tfppdnn.ownership import owned
from tfppdnn.protection.exportable import check_exportable
from tfppdnn.protection.photos.gate import export_tile_gate
from tfppdnn.protection.photos.measuring import CODES, classifier_of_codes
from tfppdnn.protection.transformation_network import STAGE, protected_discriminator
from tfppdnn.protector.keras_file import load_network
from tfppdnn.reports.report import write_report
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import PhotoSettings, TrainingSettings, recorded

# Exported files are compared with the Keras model on this many real test images: one that goes
# wrong on a hundredth of all pictures is then missed once in thirteen times.
_CHECKED_IMAGES = 256


def export(run: str | os.PathLike[str], *, data_dir: str | None = None) -> dict[str, Any]:
    """Writes again what leaves the building about a run's protector, each file compared with it.

    Args:
        run: A run folder made by `train`.
        data_dir: The tensorflow-datasets directory that the run was trained from, if it has
            moved; real images are needed to compare and to calibrate with.

    Returns:
        The figures by file; those of the gate are None if the training's checkpoints, which it
        needs, are gone.

    Raises:
        UserError: No such run, its training has not finished, or its data is not to be had or
            no longer the same.
        VerificationError: A file was refused.
    """
    folder = RunFolder(run)
    check_exportable(run)
    with owned(folder.path):
        return export_again(folder, data_dir=data_dir)


def export_again(
    folder: RunFolder, dataset: AnyDataset | None = None, *, data_dir: str | None = None
) -> dict[str, Any]:
    """Does what `export` does, for who owns the run's folder.

    Args:
        folder: See `export`.
        dataset: What the run was trained on; None to load it by the name that is recorded.
        data_dir: See `export`.
    """
    config = folder.config()
    settings, seed = recorded(config["settings"]), config["seed"]
    images = load_dataset(
        config["dataset"]["name"] if dataset is None else dataset,
        data_dir=data_dir or config.get("data_dir"),
        image_size=settings.data.image_size,
        seed=seed,
        skip_bad=config.get("skip_bad", False),
    )
    _check_same(folder, images.summary(), config["dataset"])
    protector = load_network(folder.protector)
    export_kind = _export_photos if isinstance(settings, PhotoSettings) else _export_scheme
    figures, gate = export_kind(folder, settings, images, protector, seed=seed)
    if (folder.path / "report.html").exists():
        write_report(folder)
    return {**figures, "gate": gate}


def _check_same(folder: RunFolder, found: Mapping[str, Any], trained: Mapping[str, Any]) -> None:
    for name, value in found.items():
        if trained.get(name) != value:
            raise UserError(
                f"{folder.path}: trained on other images than {found['name']} has now ({name}: "
                f"{trained.get(name)} then, {value} now); put them back, call from the folder that "
                "`train` was called from, or give their --data_dir"
            )


def _export_scheme(
    folder: RunFolder,
    settings: TrainingSettings,
    dataset: ImageDataset,
    protector: keras.Model,
    *,
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Of a run of three stages: the figures of its files, and of its gate if there can be one."""
    classify = SavedModelRecogniser(folder.path / "reference_classifier")
    figures = export_protector(folder, protector, dataset, classify)
    if not any(folder.checkpoints(STAGE).glob("step-*.npz")):
        tqdm.write(
            f"no gate: {folder.checkpoints(STAGE)} holds no checkpoint; it is needed for this and "
            "was deleted",
            file=sys.stderr,
        )
        return figures, None
    discriminator = protected_discriminator(folder, settings, dataset)
    return figures, export_gate(folder, settings, dataset, protector, discriminator, seed=seed)


def _export_photos(
    folder: RunFolder,
    settings: PhotoSettings,
    dataset: ImageDataset,
    protector: keras.Model,
    *,
    seed: int,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Of a run of --preset=photos: the figures of its files, and of its gate."""
    dataset = dataset.with_test_images(settings.measuring.test_images)
    classify = classifier_of_codes(folder, settings, num_classes=dataset.num_classes)
    if classify is None:
        tqdm.write(
            f"no accuracy of protector_int8.tflite: {folder.checkpoints(CODES)} holds no "
            "checkpoint; it is needed for this and was deleted",
            file=sys.stderr,
        )
    figures = export_protector(folder, protector, dataset, classify)
    some = np.asarray(dataset.test_images[:_CHECKED_IMAGES])
    return figures, export_tile_gate(folder, settings, protector, some, seed=seed)


@contextlib.contextmanager
def shown_even_if_refused(show: Callable[[], None]) -> Iterator[None]:
    """Has what leaves the building made, and then shown: also if a file of it was refused.

    Then the report says how far off it was. Nothing is shown after Ctrl-C or on a full disk.
    """
    try:
        yield
    except VerificationError:
        show()
        raise
    show()


def export_reference(run: RunFolder, classifier: keras.Model, dataset: ImageDataset) -> None:
    """Writes RUN/reference_classifier."""
    with written_whole(run.path / "reference_classifier") as temporary:
        export_classifier(
            classifier,
            dataset.class_names,
            temporary,
            image_size=dataset.image_size,
            litert=False,  # It is the audit's, and nobody serves it.
        )


def export_protector(
    run: RunFolder,
    protector: keras.Model,
    dataset: ImageDataset,
    classify: Recogniser | None,
) -> dict[str, Any]:
    """Writes h_p as SavedModel and TFLite, and records how exact each file is.

    Args:
        run: The run folder.
        protector: h_p.
        dataset: Where the images to compare and to calibrate with come from.
        classify: A classifier of protected pictures, which tells what int8 costs in accuracy;
            None to leave that out.

    Returns:
        The figures by file.

    Raises:
        VerificationError: Files were refused; what was measured is recorded all the same.
    """
    labels = dataset.test_labels[:_CHECKED_IMAGES]

    def accuracy(protected) -> float:
        return float((classify(protected) == labels).mean())

    try:
        figures = export_all(
            protector,
            run.path,
            images=dataset.test_images[:_CHECKED_IMAGES],
            calibration_images=dataset.train_images[:_CHECKED_IMAGES],
            accuracy=None if classify is None else accuracy,
        )
    except VerificationError as refusal:
        run.record("export", refusal.figures)
        raise
    return run.record("export", figures)


def export_gate(
    run: RunFolder,
    settings: TrainingSettings,
    dataset: ImageDataset,
    protector: keras.Model,
    discriminator: keras.Model,
    *,
    seed: int,
) -> dict[str, Any]:
    """Teaches the gate, writes RUN/gate, and records how often it errs; see `make_gate`."""
    figures = make_gate(
        discriminator,
        protector,
        dataset,
        run.path / "gate",
        steps=settings.gate.steps,
        batch_size=settings.gate.batch_size,
        test_images=settings.measuring.test_images,
        seed=seed,
    )
    return run.record("gate", figures)
