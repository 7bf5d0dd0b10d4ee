"""Keeping converters quiet: stdout belongs to the figures, stderr to the progress."""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Sends to nowhere what Python and C++ print in the body.

    TensorFlow's converter and LiteRT print from C++, so the file descriptors themselves
    are turned away. Exceptions pass, and carry the converter's message.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    with contextlib.ExitStack() as undo:
        nowhere = undo.enter_context(open(os.devnull, "w"))  # noqa: PTH123
        for descriptor in (1, 2):
            kept = os.dup(descriptor)
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, descriptor)
            os.dup2(nowhere.fileno(), descriptor)
        undo.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        undo.enter_context(contextlib.redirect_stdout(nowhere))
        undo.enter_context(contextlib.redirect_stderr(nowhere))
        yield
