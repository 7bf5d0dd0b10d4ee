"""The one error that a user may see without a traceback."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator


class UserError(Exception):
    """The call, a file or an option is wrong, and the user can mend it.

    The message is one line that names the file or the option and the mend. The
    command line prints it and exits with code 2; library callers may catch it.
    """


class DivergedError(UserError):
    """A training's loss or weights are no longer finite numbers; other settings may mend it."""


class WorkerLostError(Exception):
    """Of several workers that train together one was lost; all must be started again."""


@contextlib.contextmanager
def own_errors() -> Iterator[None]:
    """Lets errors that tell a user what to do out of TensorFlow as they were.

    It makes one of its own, with a traceback in it, of what a function raises that it calls.

    Raises:
        UserError: A function that TensorFlow called in the body raised it.
        MemoryError: Likewise.
    """
    try:
        yield
    except Exception as error:
        known = {kind.__name__: kind for kind in (UserError, MemoryError)}
        told = re.search(rf"\b({'|'.join(known)}): (.*)", str(error))
        if told is None or not type(error).__module__.startswith("tensorflow."):
            raise
        raise known[told[1]](told[2]) from None


@contextlib.contextmanager
def options_called(**names: str) -> Iterator[None]:
    """Has errors that speak of the options of `train` name those of another verb.

    Args:
        names: The other verb's option, by that of `train`.

    Raises:
        UserError: Whatever the body raised, with those names.
    """
    try:
        yield
    except UserError as error:
        said = str(error)
        for of_train, own in names.items():
            said = re.sub(rf"--{of_train}\b", f"--{own}", said)
        raise UserError(said) from error
