"""Taking part in what several workers do, meeting the others, and waiting for them."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from tfppdnn.errors import UserError, WorkerLostError
from tfppdnn.quiet import import_tensorflow, silenced
from tfppdnn.workers.place import ALONE, Place, place_in

_LOST = ("UnavailableError", "AbortedError", "CancelledError", "DeadlineExceededError")
_PATIENCE = 600

# Of this process, as TensorFlow's own: who it is in the call that is going on, and its strategy.
_here = ALONE
_strategy: Any = None


@contextlib.contextmanager
def taking_part() -> Iterator[None]:
    """Has the body be done by the workers that TF_CONFIG names, or by this process alone.

    Who has joined the others leaves when all of them do.

    Raises:
        UserError: TF_CONFIG is malformed.
        WorkerLostError: Another worker was lost.
    """
    global _here
    before, _here = _here, place_in(os.environ.get("TF_CONFIG"))
    try:
        with _losses_named():
            yield
        # Whoever leaves first may take the others with it. All is written by now: a chief who
        # hears of a loss here has lost nothing.
        with contextlib.suppress(WorkerLostError) if is_chief() else contextlib.nullcontext():
            wait()
    finally:
        _here = before


def here() -> Place:
    """Who this process is, of those that take part."""
    return _here


def is_chief() -> bool:
    """Whether this process writes: the chief does, and who is alone."""
    return _here.index == 0


def join() -> None:
    """Meets the other workers, if there are any, and waits for them; before TensorFlow computes.

    Raises:
        UserError: TensorFlow has computed something before, or has several GPUs.
    """
    global _strategy
    if _here == ALONE or _strategy is not None:
        return
    import_tensorflow()
    import tensorflow as tf

    if len(tf.config.list_physical_devices("GPU")) > 1:
        raise UserError(
            "TF_CONFIG: a worker takes one GPU, and this one sees several; start a worker a GPU, "
            "each with a CUDA_VISIBLE_DEVICES of its own"
        )
    said = f"worker {_here.index} of {_here.count}: waiting for the others, {_PATIENCE} s at most"
    print(said, file=sys.stderr, flush=True)
    try:
        with silenced(), _losses_named(), _mortal():
            _strategy = tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        if "startup" not in str(error):
            raise
        raise UserError(
            "TF_CONFIG: TensorFlow must not have computed before workers meet; call this first, "
            "and name a protector that needs no TensorFlow, such as a .tflite file"
        ) from None


@contextlib.contextmanager
def _mortal() -> Iterator[None]:
    """Has signals end the process at once, as no line of Python is run while TensorFlow waits.

    Ctrl-C is one; SIGALRM is another, which comes in time. A worker that comes back while the
    chief goes on without it would wait for as long as TensorFlow does, an hour.
    """
    if threading.current_thread() is not threading.main_thread() or not hasattr(signal, "SIGALRM"):
        yield
        return
    # SIGTERM is TensorFlow's from here on, which takes note of it and ends nothing.
    known = (signal.SIGINT, signal.SIGALRM, signal.SIGTERM)
    before = [signal.signal(each, signal.SIG_DFL) for each in known]
    signal.alarm(_PATIENCE)
    try:
        yield
    finally:
        signal.alarm(0)
        for each, handler in zip(known, before, strict=True):
            signal.signal(each, handler or signal.SIG_DFL)


def part_of(batch_size: int, *, option: str) -> slice | None:
    """Which rows of each batch this worker takes.

    Args:
        batch_size: Images a batch, of all workers together.
        option: What sets it.

    Returns:
        The rows; None for all of them.

    Raises:
        UserError: They cannot be divided equally.
    """
    if _here == ALONE:
        return None
    share, left = divmod(batch_size, _here.count)
    if left:
        raise UserError(
            f"--{option}: batches of {batch_size} images cannot be divided among {_here.count} "
            f"workers; give a multiple of {_here.count}"
        )
    return slice(_here.index * share, (_here.index + 1) * share)


def told(number: float) -> list[float]:
    """Tells all workers a number, and waits for theirs.

    Args:
        number: Exact in float32.

    Returns:
        The number of each, in their order.

    Raises:
        WorkerLostError: Another worker was lost.
    """
    if _here == ALONE or _strategy is None:
        return [number]
    with _losses_named():
        return [float(each) for each in _tell(float(number))]


def wait() -> None:
    """Waits until all workers are here."""
    told(0)


def chief_first(make: Callable[[], Any]) -> Any:
    """Has the chief make something, and the others then find it made: returns what each gets."""
    if is_chief():
        made = make()
        wait()
        return made
    wait()
    return make()


@contextlib.contextmanager
def _losses_named() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        of_tensorflow = type(error).__module__.startswith("tensorflow.")
        lost = type(error).__name__ in _LOST or "Collective ops is aborted" in str(error)
        if _here == ALONE or not of_tensorflow or not lost:
            raise
        raise WorkerLostError(
            f"worker {_here.index} of {_here.count} has lost another; start all of them again, "
            "and they go on from the newest checkpoint"
        ) from error


def run_on_all(function: Callable, *values: Any) -> Any:
    """Calls a function of the replica's context and tensors, on all workers."""
    import tensorflow as tf

    def replica(*tensors):
        # A graph's tensors have no device; the collectives take that of their arguments.
        own = [tf.identity(each) for each in tensors]
        return function(tf.distribute.get_replica_context(), *own)

    return _strategy.run(replica, args=values)


def _tell(number: float) -> Any:
    import tensorflow as tf

    return _telling_graph()(tf.constant([number])).numpy()


@functools.cache
def _telling_graph() -> Callable:
    import tensorflow as tf

    return tf.function(
        lambda own: run_on_all(lambda context, one: context.all_gather(one, axis=0), own)
    )
