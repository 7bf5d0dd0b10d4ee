"""`python -m tfppdnn export`: write what leaves the building, again."""

from __future__ import annotations

from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.errors import UserError
from tfppdnn.runs import RunFolder
from tfppdnn.verbs.quiet import import_tensorflow

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

    Example:
        python -m tfppdnn export runs/digits-quick

    Args:
        run: A run folder made by `train`.
        data_dir: The tensorflow-datasets directory that the run was trained from, for real
            images to compare and to calibrate with.

    Returns:
        The figures by file, and the exit code.

    Raises:
        UserError: No such run, its training has not finished, its data is not to be had, or
            a file was refused.
    """
    folder = RunFolder(run)
    config = folder.config()
    if not folder.protector.is_file():
        raise UserError(f"{run}: its training has not finished; run the same train command again")

    import_tensorflow()

    import keras

    from tfppdnn.data.load import load_dataset
    from tfppdnn.models import layers as _layers_of_saved_models  # noqa: F401

    dataset = load_dataset(
        config["dataset"]["name"],
        data_dir=data_dir,
        image_size=config["dataset"]["image_size"],
        seed=config["seed"],
    )
    try:
        protector = keras.models.load_model(folder.protector, compile=False)
    except (OSError, ValueError, KeyError) as error:
        raise UserError(f"{folder.protector} is damaged ({str(error).splitlines()[0]})") from None
    return export_protector_files(folder, protector, dataset), 0


def export_protector_files(
    run: RunFolder, protector, dataset, reference_classifier=None
) -> dict[str, Any]:
    """Exports h_p into the run folder and records how exact each file is.

    Args:
        run: The run folder.
        protector: h_p, a Keras model.
        dataset: Where the images to compare and to calibrate with come from.
        reference_classifier: h_theta, to tell what int8 costs in accuracy.

    Returns:
        The figures by file.
    """
    from tfppdnn.exporting.run_folder import export_all
    from tfppdnn.training.classifiers import accuracy_of

    labels = dataset.test_labels[:_CHECKED_IMAGES]

    def accuracy(protected):
        return accuracy_of(reference_classifier, protected, labels)

    figures = export_all(
        protector,
        run.path,
        images=dataset.test_images[:_CHECKED_IMAGES],
        calibration_images=dataset.train_images[:_CHECKED_IMAGES],
        accuracy=accuracy if reference_classifier is not None else None,
    )
    return run.record("export", figures)
