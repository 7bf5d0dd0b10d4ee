"""`python -m tfppdnn export`: write what leaves the building, again."""

from __future__ import annotations

import sys
from typing import Any

from fire.decorators import SetParseFns
from tqdm import tqdm

from tfppdnn.cli.quiet import import_tensorflow
from tfppdnn.errors import UserError
from tfppdnn.loading.keras_file import load_network
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import make_preset

# Exported files are compared with the Keras model on this many real test images.
_CHECKED_IMAGES = 256


@SetParseFns(run=str, data_dir=str)
def export(run: str, *, data_dir: str | None = None) -> tuple[dict[str, Any], int]:
    """Writes a run's protector as SavedModel and TFLite, each compared with the Keras model.

    `train` does this at its end; use it after a new version of tfppdnn or TensorFlow.
    Written into RUN: protector/ (SavedModel), protector.tflite (float32),
    protector_fp16.tflite, protector_int8.tflite and protector_web.tflite (for browsers).
    A file that differs from the model by more than one grey level, or by one on too many
    values, is refused and replaces nothing.

    Also gate/ (SavedModel), which tells protected images from plain ones, for `serve` to
    refuse these. It needs the training's checkpoints; without them all else is written.

    Example:
        python -m tfppdnn export runs/digits-quick

    Args:
        run: A run folder made by `train`.
        data_dir: The tensorflow-datasets directory that the run was trained from, if it
            has moved; real images are needed to compare and to calibrate with.

    Returns:
        The figures by file (those of the gate None without checkpoints), and the exit code.

    Raises:
        UserError: No such run, its training has not finished or its checkpoints are gone, its
            data is not to be had, a file was refused, or cannot be written.
    """
    folder = RunFolder(run)
    config = folder.config()
    _check_exportable(folder, config)

    import_tensorflow()

    from tfppdnn.datasets.load import load_dataset

    dataset = load_dataset(
        config["dataset"]["name"],
        data_dir=data_dir or config.get("data_dir"),
        image_size=config["dataset"]["image_size"],
        seed=config["seed"],
    )
    protector = load_network(folder.protector)
    figures = {
        **export_protector_files(folder, protector, dataset),
        "gate": _gate_if_possible(folder, config, dataset, protector),
    }
    if (folder.path / "report.html").exists():
        from tfppdnn.reports.report import write_report

        write_report(folder)
    return figures, 0


def _check_exportable(run: RunFolder, config: dict[str, Any]) -> None:
    """Says of a folder without a protector's Keras file what it is."""
    # Runs of earlier versions do not say: there was no other verb.
    verb = config.get("verb", "train")
    if verb != "train":
        raise UserError(
            f"{run.path}: made by `{verb}`, and only a run made by `train` has a protector to "
            "export; name such a run"
        )
    if run.protector.is_file():
        return
    if "train" in run.metrics():
        raise UserError(
            f"{run.path}: its training has finished, and its checkpoints are gone; put "
            f"{run.protector} back, or train again with another --out"
        )
    raise UserError(f"{run.path}: its training has not finished; run the same train command again")


def _gate_if_possible(run: RunFolder, config, dataset, protector) -> dict[str, Any] | None:
    from tfppdnn.gate.making import make_gate
    from tfppdnn.protection.transformation_network import STAGE, protected_discriminator

    checkpoints = run.checkpoints(STAGE)
    if not any(checkpoints.glob("step-*.npz")):
        tqdm.write(
            f"no gate: {checkpoints} holds no checkpoint; it is needed for this and was deleted",
            file=sys.stderr,
        )
        return None
    preset = make_preset(config["preset"], config["settings"])
    discriminator = protected_discriminator(run, preset, dataset)
    return make_gate(run, preset, dataset, protector, discriminator, seed=config["seed"])


def export_protector_files(run: RunFolder, protector, dataset) -> dict[str, Any]:
    """Exports h_p into the run folder and records how exact each file is.

    Args:
        run: The run folder, with the reference classifier's SavedModel, which tells what
            int8 costs in accuracy.
        protector: h_p, a Keras model.
        dataset: Where the images to compare and to calibrate with come from.

    Returns:
        The figures by file.

    Raises:
        VerificationError: Files were refused; what was measured is recorded all the same.
    """
    import tensorflow as tf

    from tfppdnn.exporting.run_folder import export_all
    from tfppdnn.exporting.verify import VerificationError

    labels = dataset.test_labels[:_CHECKED_IMAGES]
    classifier = tf.saved_model.load(str(run.path / "reference_classifier"))

    def accuracy(protected) -> float:
        answers = classifier.signatures["serving_default"](image=tf.constant(protected))
        return float((answers["class_id"].numpy() == labels).mean())

    try:
        figures = export_all(
            protector,
            run.path,
            images=dataset.test_images[:_CHECKED_IMAGES],
            calibration_images=dataset.train_images[:_CHECKED_IMAGES],
            accuracy=accuracy,
        )
    except VerificationError as refusal:
        run.record("export", refusal.figures)
        raise
    return run.record("export", figures)
