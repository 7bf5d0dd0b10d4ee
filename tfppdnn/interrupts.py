"""Ctrl-C that meets what cannot answer it: destructors, and libraries in the middle of a thing."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator
from typing import Any

_SOON = 0.05


class Interrupts:
    """What is done at Ctrl-C: it is noticed, and raises KeyboardInterrupt, as it always does.

    Attributes:
        came: Whether it was pressed.
    """

    came: bool = False

    def __call__(self, number: int, frame: Any) -> None:
        """Takes the signal."""
        self.came = True
        signal.default_int_handler(number, frame)


def ends_the_program(handler: Any) -> bool:
    """Whether what is done at Ctrl-C is what is done by default, noticed or not.

    Args:
        handler: As `signal.getsignal` returns it.
    """
    return handler is signal.default_int_handler or isinstance(handler, Interrupts)


@contextlib.contextmanager
def noticed_interrupts() -> Iterator[Interrupts]:
    """Notices Ctrl-C whatever becomes of the exception that it raises.

    Python ignores what a destructor raises, with a traceback: where that was Ctrl-C, it comes again
    a moment later. What destructors then raise, of objects that it left half-made, is not shown. A
    library may answer Ctrl-C with an error of its own; whoever catches that asks `came`.
    """
    interrupts = Interrupts()
    with _noting_the_signal(interrupts), _hearing_destructors(interrupts):
        yield interrupts


@contextlib.contextmanager
def _noting_the_signal(interrupts: Interrupts) -> Iterator[None]:
    before = signal.getsignal(signal.SIGINT)
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or before is not signal.default_int_handler:
        yield  # Other threads get no signals; and this one is ignored, or somebody else's.
        return
    signal.signal(signal.SIGINT, interrupts)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextlib.contextmanager
def _hearing_destructors(interrupts: Interrupts) -> Iterator[None]:
    before = sys.unraisablehook
    # A moment later, or it would meet this very hook, which is as deaf.
    again = threading.Timer(_SOON, _thread.interrupt_main)
    again.daemon = True

    def hook(unraisable: Any) -> None:
        if unraisable.exc_type is KeyboardInterrupt:
            if again.ident is None:
                again.start()
        elif not interrupts.came:
            before(unraisable)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        again.cancel()
        sys.unraisablehook = before
