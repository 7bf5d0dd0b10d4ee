"""Settings of the processor's libraries that training takes longer without.

Both must be there before TensorFlow is, so importing `tfppdnn` makes them: then they hold for the
command line and for a notebook alike, and nobody sets a variable. What somebody has set stays.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys

# What ends glibc's own adapting, as our settings do; a user's own are left alone.
_THRESHOLDS = tuple(
    f"MALLOC_{name}_" for name in ("TRIM_THRESHOLD", "TOP_PAD", "MMAP_THRESHOLD", "MMAP_MAX")
)
_ONEDNN = "TF_ENABLE_ONEDNN_OPTS"

# Of glibc's <malloc.h>.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 2**30


def prepare() -> None:
    """Turns oneDNN on, and has the allocator keep the memory that a training step gives back.

    Does nothing where neither is known to help: other systems than Linux, other processors than
    x86-64 (oneDNN), other C libraries than glibc (the allocator).
    """
    if sys.platform == "linux":
        _turn_onednn_on()
        _keep_memory()


def _turn_onednn_on() -> None:
    # TensorFlow does so itself on processors with AVX512-VNNI; it helps on those with AVX2, too.
    if platform.machine() == "x86_64":
        os.environ.setdefault(_ONEDNN, "1")


def _keep_memory() -> None:
    """Keeps what a step has freed for the next one, where glibc would give the pages back.

    The system zeroes a page each time it is asked for it. Both settings are needed: blocks above
    the one threshold are mapped and unmapped one by one, and a heap whose free top is above the
    other is cut. Either alone makes it worse, for it ends glibc's own adapting of both and leaves
    the other at 128 KiB. `mallopt` takes effect at once, so that nothing has to be started again,
    and the memory that is needed at once grows by no more than what lies between the blocks.
    """
    if any(name in os.environ for name in _THRESHOLDS):
        return
    if "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", ""):
        return
    try:
        os.confstr("CS_GNU_LIBC_VERSION")
        mallopt = ctypes.CDLL(None).mallopt
    except (ValueError, OSError, AttributeError):
        return  # Another C library, whose allocator has other settings or none.
    # Before 2.35 glibc refuses more than 32 MiB here.
    if not mallopt(_M_MMAP_THRESHOLD, _KEPT_BYTES):
        mallopt(_M_MMAP_THRESHOLD, 2**25)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
