"""Keeping TensorFlow quiet: stdout belongs to the figures, stderr to the progress."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator


class _Depth:
    """How many bodies are silenced at the moment, in all threads, and what undoes it."""

    lock = threading.Lock()
    bodies = 0
    undo: contextlib.ExitStack


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Sends to nowhere what Python and C++ print in the body.

    TensorFlow's converter and LiteRT print from C++, so the file descriptors themselves
    are turned away, until the last of several threads' bodies is left. Exceptions pass, and
    carry the converter's message.
    """
    with _Depth.lock:
        if not _Depth.bodies:
            _Depth.undo = _turned_away()
        _Depth.bodies += 1
    try:
        yield
    finally:
        with _Depth.lock:
            _Depth.bodies -= 1
            if not _Depth.bodies:
                _Depth.undo.close()


def _turned_away() -> contextlib.ExitStack:
    for stream in (sys.stdout, sys.stderr):
        # A process without a terminal may have none, or closed ones.
        with contextlib.suppress(AttributeError, ValueError):
            stream.flush()
    with contextlib.ExitStack() as undo:
        nowhere = undo.enter_context(open(os.devnull, "w"))  # noqa: PTH123
        for descriptor in (1, 2):
            try:
                kept = os.dup(descriptor)
            except OSError:
                continue  # It is closed.
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, descriptor)
            os.dup2(nowhere.fileno(), descriptor)
        undo.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        undo.enter_context(contextlib.redirect_stdout(nowhere))
        undo.enter_context(contextlib.redirect_stderr(nowhere))
        return undo.pop_all()


def import_tensorflow() -> None:
    """Imports TensorFlow; call it when the options are checked and the work begins.

    Importing it takes seconds, and prints to stderr what its log level cannot keep back.
    """
    with silenced():
        import tensorflow
    logger = tensorflow.get_logger()
    # It warns of calls that train several networks one after the other.
    logger.setLevel(logging.ERROR)
    for handler in logger.handlers:
        # Made while nothing was said, it would write to a closed file (which `setStream` flushes).
        handler.stream = sys.stderr
