"""Importing TensorFlow without its messages about the machine."""

from __future__ import annotations

from tfppdnn.exporting.silence import silenced


def import_tensorflow() -> None:
    """Imports TensorFlow; call it when the options are checked and the work begins.

    It takes seconds, and prints to stderr what its log level cannot keep back.
    """
    with silenced():
        import tensorflow  # noqa: F401
