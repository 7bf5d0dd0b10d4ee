"""`python -m tfppdnn export`: write what leaves the building, again."""

from __future__ import annotations

from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.errors import UserError
from tfppdnn.protection.exportable import check_exportable
from tfppdnn.quiet import import_tensorflow


@SetParseFns(run=str, data_dir=str, deploy=str)
def export(
    run: str, *, data_dir: str | None = None, deploy: str | None = None
) -> tuple[dict[str, Any], int]:
    """Writes a run's protector as SavedModel and TFLite, each compared with the Keras model.

    `train` does this at its end; use it after a new version of tfppdnn or TensorFlow.
    Written into RUN: protector/ (SavedModel), protector.tflite (float32),
    protector_fp16.tflite, protector_int8.tflite and protector_web.tflite (for browsers).
    A file that differs from the model by more than one grey level (of a code, by more than its
    rounding), or by that on too many values, is refused and replaces nothing.

    Also gate/ (SavedModel), which tells protected images from plain ones, for `serve` to
    refuse these. It needs the training's checkpoints; without them all else is written.

    With --deploy it writes what a server needs, and nothing else, into another folder: the run
    folder itself holds the restorer, plain pictures and your paths, and is for your eyes only.

    Examples:
        The protector's files again, and, after `classify`, what `serve` takes elsewhere:

            python -m tfppdnn export runs/digits-quick
            python -m tfppdnn export runs/digits-quick --deploy=served/digits

    Args:
        run: A run folder made by `train`.
        data_dir: The tensorflow-datasets directory that the run was trained from, if it
            has moved; real images are needed to compare and to calibrate with.
        deploy: Only copy classifier, labels, gate and the page's protector to this folder.

    Returns:
        The figures by file (those of the gate None without checkpoints), or what was deployed;
        and the exit code.

    Raises:
        UserError: No such run, its training has not finished or its checkpoints are gone, its
            data is not to be had, a file was refused, or cannot be written; or there is no
            classifier to deploy.
    """
    if deploy is not None:
        if data_dir is not None:
            raise UserError("--data_dir: not needed with --deploy, which copies; leave it out")
        from tfppdnn.serving.deployment import deploy as write_deployment

        return write_deployment(run, deploy), 0
    check_exportable(run)
    import_tensorflow()

    from tfppdnn.protection.exports import export as write

    return write(run, data_dir=data_dir), 0
