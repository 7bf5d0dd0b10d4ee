"""A share of the machine's memory that threads reserve before they use it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Iterator
from pathlib import Path


class MemoryBudget:
    """Makes threads wait for memory instead of being killed for want of it.

    Args:
        limit: Bytes that may be reserved at the same time.
    """

    def __init__(self, limit: float):
        self.limit = limit
        self._reserved = 0.0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def reserve(self, amount: float) -> Iterator[None]:
        """Holds `amount` bytes for the body, waiting until that many are free.

        Raises:
            MemoryError: More than the whole budget is asked for.
        """
        if amount > self.limit:
            raise MemoryError(
                f"about {amount / 2**30:.1f} GiB of memory would be needed, "
                f"{self.limit / 2**30:.1f} GiB may be used on this machine"
            )
        with self._changed:
            self._changed.wait_for(lambda: self._reserved + amount <= self.limit)
            self._reserved += amount
        try:
            yield
        finally:
            with self._changed:
                self._reserved -= amount
                self._changed.notify_all()


def machine_memory() -> float:
    """Returns the bytes of memory this process may use; infinity where it cannot be told."""
    limits = []
    with contextlib.suppress(AttributeError, OSError, ValueError):  # no sysconf on Windows
        limits.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with contextlib.suppress(OSError, ValueError):  # a container's limit; "max" if there is none
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    with contextlib.suppress(ImportError, OSError):  # `ulimit -v`; no such module on Windows
        import resource

        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        limits += [limit] if limit != resource.RLIM_INFINITY else []
    return float(min(limits, default=float("inf")))


class _MallocFigures(ctypes.Structure):
    """What glibc's `mallinfo2` answers."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


def allocated_memory() -> int:
    """Returns the bytes that this process holds of the C library; 0 where it does not tell.

    Unlike the memory that the system counts it is exact for small amounts, too.
    """
    try:
        tell = ctypes.CDLL(None).mallinfo2
    except (AttributeError, OSError, TypeError):  # glibc 2.33 and later have it.
        return 0
    tell.restype = _MallocFigures
    figures = tell()
    return figures.hblkhd + figures.uordblks
