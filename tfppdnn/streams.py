"""Standard streams that were closed before the program began, or that nobody reads any more."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any, TextIO


@contextlib.contextmanager
def unbroken_streams() -> Iterator[None]:
    """Lets the body print to stdout and stderr and do its work, whether anybody listens or not.

    What goes to a pipe whose reader has ended, or to a stream that was closed (`2>&-`), is lost.

    Raises:
        OSError: Whatever else kept the body from printing, as a full disk; once.
    """
    _open_closed()
    names = ("stdout", "stderr")
    before = {name: getattr(sys, name) for name in names}
    for name, stream in before.items():
        setattr(sys, name, _Unbroken(stream))
    try:
        yield
    finally:
        # Now, and not at the end of the interpreter, which would complain.
        for name in names:
            with contextlib.suppress(OSError):
                getattr(sys, name).flush()
        for name, stream in before.items():
            setattr(sys, name, stream)


def _open_closed() -> None:
    # In order: each takes the lowest number that is free, so that no file of the user's is ever
    # opened as number 2, which libraries write their messages to.
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


class _Unbroken:
    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        with self._unbroken():
            self._stream.write(text)
        return len(text)

    def flush(self) -> None:
        with self._unbroken():
            self._stream.flush()

    @contextlib.contextmanager
    def _unbroken(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # What is buffered, and what libraries write by themselves, goes to nobody from now on.
            with contextlib.suppress(OSError), open(os.devnull, "wb") as nobody:  # noqa: PTH123
                os.dup2(nobody.fileno(), self._stream.fileno())
            if not isinstance(error, BrokenPipeError):
                raise

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
