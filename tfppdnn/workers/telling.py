"""What the workers that make one step tell each other in it.

Where a process is alone, and outside `telling`, all of this concerns its own tensors only.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any

from tfppdnn.workers.meeting import here, run_on_all
from tfppdnn.workers.place import ALONE

_telling = False


@contextlib.contextmanager
def telling() -> Iterator[None]:
    """In the body, which all workers must go through alike, the functions below reach all of them.

    Elsewhere they concern this process only: a chief who measures waits for nobody.
    """
    global _telling
    before, _telling = _telling, here() != ALONE
    try:
        yield
    finally:
        _telling = before


def is_telling() -> bool:
    """Whether what is computed here is computed by several workers."""
    return _telling


def averaged(*values: Any) -> list[Any]:
    """Takes the means over all workers, and lets gradients pass: those are means, too.

    Args:
        values: Float tensors, of the same shapes everywhere.

    Returns:
        As many; the same tensors to a process that is alone.
    """
    return list(_averaging()(*values)) if _telling else list(values)


def gathered(value: Any) -> Any:
    """Puts the rows of all workers below each other, in their order.

    Args:
        value: Float tensor [N, ...], of the same shape everywhere.

    Returns:
        [N * workers, ...].
    """
    if not _telling:
        return value
    import tensorflow as tf

    # The collectives know few types.
    rows = run_on_all(
        lambda context, own: context.all_gather(own, axis=0), tf.cast(value, tf.float32)
    )
    rows.set_shape([value.shape[0] and value.shape[0] * here().count, *value.shape[1:]])
    return tf.cast(rows, value.dtype)


def own_rows(value: Any) -> Any:
    """Takes out of rows of all workers, [N * workers, ...], this one's [N, ...]."""
    if not _telling:
        return value
    share = value.shape[0] // here().count
    return value[here().index * share : (here().index + 1) * share]


def drawn(draw: Callable[[Any], Any], rows: Any) -> Any:
    """Draws at random what one process would have drawn for the whole batch, and takes own rows.

    Args:
        draw: From a number of rows to random numbers [rows, ...].
        rows: Of this worker.
    """
    return own_rows(draw(rows * here().count if _telling else rows))


def each_a_part(function: Callable, *values: Any) -> Any:
    """Computes something of rows that every worker has, each worker of its part of them.

    Args:
        function: From tensors [N, ...] to a float one [N, ...], row by row.
        values: The tensors, the same everywhere; N need not be a multiple of the workers.

    Returns:
        All rows, everywhere.
    """
    if not _telling:
        return function(*values)
    import tensorflow as tf

    count = values[0].shape[0]
    share = -(-count // here().count)
    # The last one's are filled up with the first, which are made twice.
    rows = [row % count for row in range(here().index * share, (here().index + 1) * share)]
    return gathered(function(*(tf.gather(value, rows) for value in values)))[:count]


def _means(*values: Any) -> Any:
    import tensorflow as tf

    return run_on_all(
        lambda context, *own: context.all_reduce(tf.distribute.ReduceOp.MEAN, own), *values
    )


@functools.cache
def _averaging() -> Callable:
    import tensorflow as tf

    @tf.custom_gradient
    def average(*values):
        return _means(*values), lambda *upstream: _means(*upstream)

    return average
