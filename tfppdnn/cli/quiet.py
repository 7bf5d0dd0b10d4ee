"""Importing TensorFlow without its messages about the machine."""

from __future__ import annotations

import logging
import sys

from tfppdnn.exporting.silence import silenced


def import_tensorflow() -> None:
    """Imports TensorFlow; call it when the options are checked and the work begins.

    It takes seconds, and prints to stderr what its log level cannot keep back.
    """
    with silenced():
        import tensorflow
    logger = tensorflow.get_logger()
    # It warns of calls that train several networks one after the other.
    logger.setLevel(logging.ERROR)
    for handler in logger.handlers:
        # Made while nothing was said, it would write to a closed file (which `setStream` flushes).
        handler.stream = sys.stderr
