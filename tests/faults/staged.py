"""Runs a verb again and again in one process, and does something to it at a stage each time.

    python -m tests.faults.staged PLACE ACT ACT ... -- VERB [OPTIONS]

A stage is a file or folder below PLACE that is written whole; its name may have wildcards. An ACT
is one of these, and what came of each is a line of JSON on stdout.

    READONLY       nobody may write to PLACE's file system, which is one of its own
    FULL:STAGE     that file system gets full when STAGE is to be written
    INT:STAGE      Ctrl-C when STAGE has been written, and has not got its name yet
    TERM:STAGE     SIGTERM at that moment, which ends this process
    FLIP:FILE      some bits of the newest such file are others; they are put back afterwards
    HALF:FILE      the newest such file ends in its middle; likewise
    BACK           the clock is set back to 1970
    NOTHING        for comparison
"""

from __future__ import annotations

import contextlib
import ctypes
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import tfppdnn.files

_FILLER = ".filler"
_PIECE = 2**16


class Stages:
    """What happens at which name; told by `tfppdnn.files`, before others take its functions."""

    def __init__(self, place: Path):
        self.place = place
        self.name, self.before, self.after = "", None, None
        whole, content = tfppdnn.files.written_whole, tfppdnn.files.write_bytes

        @contextlib.contextmanager
        def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
            self._reached(path, "before")
            with whole(path) as temporary:
                yield temporary
                self._reached(path, "after")

        def write_bytes(path: str | os.PathLike[str], given: bytes, **settings: bool) -> None:
            self._reached(path, "before")
            self._reached(path, "after")
            content(path, given, **settings)

        tfppdnn.files.written_whole, tfppdnn.files.write_bytes = written_whole, write_bytes

    def at(self, name: str, *, before: Callable | None = None, after: Callable | None = None):
        self.name, self.before, self.after = name, before, after

    def _reached(self, path: str | os.PathLike[str], when: str) -> None:
        act = getattr(self, when)
        if act is None or not Path(path).is_relative_to(self.place):
            return
        if Path(path).relative_to(self.place).match(self.name):
            self.before = self.after = None
            act()


@contextlib.contextmanager
def _suffering(act: str, stages: Stages) -> Iterator[None]:
    """Prepares an act, and takes it back."""
    kind, _, name = act.partition(":")
    disk, filler = str(stages.place.parent), stages.place.parent / _FILLER
    if kind == "READONLY":
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        yield
        subprocess.run(["mount", "-o", "remount,rw", disk], check=True)
    elif kind == "FULL":
        stages.at(name, before=lambda: _fill(filler))
        yield
        filler.unlink(missing_ok=True)
    elif kind in ("INT", "TERM"):
        stages.at(name, after=lambda: os.kill(os.getpid(), getattr(signal, f"SIG{kind}")))
        yield
    elif kind in ("FLIP", "HALF"):
        file = max(stages.place.glob(name))
        content = file.read_bytes()
        middle = len(content) // 2
        flipped = bytes(255 - byte for byte in content[middle : middle + 9])
        rest = flipped + content[middle + 9 :] if kind == "FLIP" else b""
        file.write_bytes(content[:middle] + rest)
        yield
        file.write_bytes(content)
    else:
        if kind == "BACK":
            day = 24 * 60 * 60
            ctypes.CDLL(None).set_clock_back(ctypes.c_long(int(time.time()) - day))
        yield


def _fill(filler: Path) -> None:
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * _PIECE)
    with contextlib.suppress(OSError), filler.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


def main(place: Path, acts: list[str], arguments: list[str]) -> int:
    stages = Stages(place)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    from tfppdnn.cli import main as verb

    for act in acts:
        said = io.StringIO()
        with (
            _suffering(act, stages),
            contextlib.redirect_stderr(said),
            contextlib.redirect_stdout(io.StringIO()),
        ):
            try:
                code = verb(arguments)
            except Exception as error:
                code = f"{type(error).__name__}: {error}"
        print(json.dumps({"act": act, "code": code, "said": said.getvalue()}), flush=True)
    return 0


if __name__ == "__main__":
    place, *rest = sys.argv[1:]
    end = rest.index("--")
    sys.exit(main(Path(place), rest[:end], rest[end + 1 :]))
