"""Ctrl-C in a training: the step that is being made is finished, and kept."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Iterator

import keras
from tqdm import tqdm

from tfppdnn.interrupts import ends_the_program


class StopAtStep(keras.callbacks.Callback):
    """Ends a `fit` after the step during which Ctrl-C was pressed.

    Other callbacks can tell a round that is cut off by `model.stop_training`.

    Attributes:
        pressed: Whether it was pressed.
        agreed: Of several workers, whether it was pressed at any, as all know it; None to a
            process that is alone.
        steps: Steps made in the newest `fit`.
        begun: Whether any step was made; until then there is nothing to save.
    """

    def __init__(self):
        super().__init__()
        self.pressed, self.steps, self.begun = False, 0, False
        self.agreed: bool | None = None

    @property
    def asked(self) -> bool:
        """Whether to stop."""
        return self.pressed if self.agreed is None else self.agreed

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Takes the first Ctrl-C of the body; the second stops at once, as it always does.

        In threads, and in programs that do something of their own at Ctrl-C, it takes none.
        """
        before = signal.getsignal(signal.SIGINT)
        in_main = threading.current_thread() is threading.main_thread()
        if not in_main or not ends_the_program(before):
            yield
            return

        def ask(number, frame):
            signal.signal(signal.SIGINT, before)
            if not self.begun:
                before(number, frame)
            self.pressed = True
            said = "stopping after this step, to save it; Ctrl-C again stops at once"
            tqdm.write(said, file=sys.stderr)

        signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def on_train_begin(self, logs=None):
        """Counts anew."""
        self.steps = 0

    def on_train_batch_end(self, batch, logs=None):
        """Ends the `fit` if it was asked to, and would go on."""
        self.steps, self.begun = self.steps + 1, True
        if self.asked and self.steps < self.params["steps"]:
            self.model.stop_training = True
