"""The protector that the page loads: the run's own, or that of the package."""

from __future__ import annotations

from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.protector.protector import Protector
from tfppdnn.protector.shipped import shipped_names
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder

WEB_TFLITE = "protector_web.tflite"


def check_web_protector(run: Path) -> None:
    """Says how to get the file that the page needs, where it is neither there nor can be made.

    Raises:
        UserError: It is not.
    """
    if (run / WEB_TFLITE).is_file() or _shipped_protector_of(run) is not None:
        return
    missing = f"--web: {run / WEB_TFLITE} is missing"
    if (run / "protector.tflite").is_file():
        raise UserError(f"{missing}; write it again with python -m tfppdnn export {run}")
    raise UserError(
        f"{missing}; copy it from the folder of the `train` run whose protector the classifier "
        "was trained with, for no other protector has such a file"
    )


def web_protector(run: Path) -> Path:
    """Returns the file for browsers; of a shipped protector it is made first, if it is not there.

    Args:
        run: See `check_web_protector`.

    Raises:
        UserError: The folder cannot be written to.
    """
    path = run / WEB_TFLITE
    if not path.is_file():
        import_tensorflow()

        from tfppdnn.exporting.tflite import web_tflite
        from tfppdnn.exporting.verify import verify_protector_files
        from tfppdnn.images.photographs import photographs

        network = Protector.named(_shipped_protector_of(run)).network
        with written_whole(path) as temporary:
            temporary.write_bytes(web_tflite(network))
            verify_protector_files(network, {WEB_TFLITE: temporary}, photographs())
    return path


def _shipped_protector_of(run: Path) -> str | None:
    """The shipped protector that the classifier in a folder of `classify` was trained with."""
    if not (run / "config.json").is_file():
        return None
    identity = RunFolder(run).config().get("protector")
    return next(
        (name for name in shipped_names() if Protector.named(name).identity == identity), None
    )
