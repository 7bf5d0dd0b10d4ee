"""What is fuzzed: how a case is made, and what is wrong with what became of it."""

from __future__ import annotations

import ast
import contextlib
import importlib
import logging
import os
import pkgutil
import random
import re
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

# A name of a class, or of a file of ours: what no user can do anything with.
INSIDE = re.compile(r"Traceback|\b[A-Z]\w*(?:Error|Exception)\b|/tfppdnn/\w+/|site-packages")
_WORKS_FOR = 3.0
_LONGEST_LINE = 1300
# One for each picture that a call names in vain, and three.
_MOST_LINES = 8


@dataclass(frozen=True)
class Case:
    """One damaged input.

    Attributes:
        does: What becomes of it, in words.
        files: What is damaged, by name; kept if the case fails.
        arguments: Whatever else it takes to run it.
    """

    does: str
    files: dict[str, bytes]
    arguments: Any = None


class Outcome(NamedTuple):
    """What became of a case: in a word or two, and what is wrong with it, None if nothing is."""

    became: str
    wrong: str | None = None


class Target(Protocol):
    """A kind of input."""

    name: str

    def prepare(self, base: Path, place: Path) -> None:
        """Makes what cases start from.

        Args:
            base: What all share, and nobody changes.
            place: An empty folder of its own.
        """

    def case(self, chance: random.Random) -> Case:
        """Makes a case; of what `chance` says alone, whenever and wherever it is called."""

    def run(self, case: Case) -> Outcome:
        """Runs a case."""

    def close(self) -> None:
        """Ends what `prepare` has started."""


@dataclass
class Said:
    """What a call wrote."""

    out: str = ""
    err: str = ""
    interrupted: bool = field(default=False)


@contextlib.contextmanager
def listening() -> Iterator[Said]:
    """Catches whatever the body writes to stdout and stderr, be it Python or a library."""
    said = Said()
    with contextlib.ExitStack() as stack:
        kept = []
        for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
            stream.flush()
            file = stack.enter_context(tempfile.TemporaryFile())
            before = os.dup(number)
            os.dup2(file.fileno(), number)
            kept.append((stream, number, file, before))
        try:
            yield said
        finally:
            texts = []
            for stream, number, file, before in kept:
                stream.flush()
                os.dup2(before, number)
                os.close(before)
                file.seek(0)
                texts.append(file.read().decode(errors="replace"))
            said.out, said.err = texts


def import_all() -> None:
    """Imports what calls import, for an import that is interrupted is never whole again."""
    import tfppdnn

    for module in pkgutil.walk_packages(tfppdnn.__path__, "tfppdnn."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for file in Path(tfppdnn.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            for name in _names_in(node):
                # Also what only a function imports, such as keras_cv; some of it is optional.
                with contextlib.suppress(ImportError):
                    importlib.import_module(name)
    import tensorflow as tf

    _ = tf.keras, tf.data.experimental, tf.saved_model.load, tf.lite


def _names_in(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def call(arguments: list[str]) -> tuple[int, Said]:
    """Calls the command line; what then works for long is interrupted, as by Ctrl-C."""
    from tfppdnn.cli import main

    done = threading.Event()
    interrupted = []
    handlers = list(logging.getLogger().handlers)

    def interrupt() -> None:
        while not done.wait(_WORKS_FOR):
            interrupted.append(True)
            os.kill(os.getpid(), signal.SIGINT)

    with listening() as said:
        watch = threading.Thread(target=interrupt, daemon=True)
        watch.start()
        try:
            code = main(arguments)
        finally:
            done.set()
            watch.join()
            # What one call sets up would write to streams of its own in the next.
            logging.getLogger().handlers[:] = handlers
    said.interrupted = bool(interrupted)
    return code, said


def outcome_of(code: int, said: Said) -> Outcome:
    """What became of a call."""
    became = "interrupted" if said.interrupted else f"exit code {code}"
    return Outcome(became, _wrong_with(code, said))


def _wrong_with(code: int, said: Said) -> str | None:
    if code not in (0, 1, 2, 130):
        return f"exit code {code}"
    if "Traceback" in said.err or "Traceback" in said.out:
        return f"a traceback: {said.err[-2000:]}"
    if code == 130 and not said.interrupted:
        return "interrupted by nobody"
    if code == 2:
        lines = [line for line in said.err.splitlines() if line.strip()]
        if len(lines) > _MOST_LINES:
            return f"{len(lines)} lines: {said.err[-2000:]}"
        if not lines or not lines[-1].startswith("tfppdnn "):
            return f"no line that says why: {said.err[-2000:]}"
        if max(map(len, lines)) > _LONGEST_LINE:
            return f"a line of {max(map(len, lines))} characters: {said.err[:300]}"
        # TensorFlow answers an interrupt within it with what it was about to say; and what a
        # function of the user's own raises is said by its name.
        own = said.interrupted or "makes it fail (" in lines[-1]
        if not own and (found := INSIDE.search(lines[-1])):
            return f"{found[0]} is said: {lines[-1]}"
    return None
