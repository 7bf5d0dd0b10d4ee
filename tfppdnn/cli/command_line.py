"""The command line: `python -m tfppdnn VERB`.

Progress goes to stderr. The last line on stdout is one JSON object with the verb's
figures. Exit codes: 0 done, 1 done but some inputs failed, 2 the call is wrong, 75 another of
several workers was lost.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence

from tfppdnn.commands import Program

VERBS = (
    "train",
    "protect",
    "classify",
    "audit",
    "table1",
    "frontier",
    "export",
    "serve",
    "client",
)

_OVERVIEW = """\
tfppdnn: cloud image classification on protected images only

usage: python -m tfppdnn VERB [OPTIONS], or --version

  train     train a protector h_p, export it, and report what it hides
  protect   protect image files with a trained protector
  classify  train a classifier on protected images, as the cloud would
  audit     attack a protector, and report what leaks and to whom
  table1    the paper's Table I: the protector beside its rivals
  frontier  accuracy against leakage, protector by protector
  export    write a run's protector again as SavedModel and TFLite
  serve     answer clients with a run's classifier, as TensorFlow Serving does
  client    have image files classified by a server, which gets protected ones only

python -m tfppdnn VERB --help explains one of them. Start with: python -m tfppdnn train
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: The command line after the program's name; `sys.argv[1:]` if None.

    Returns:
        The exit code.
    """
    return _PROGRAM.main(arguments)


def _find(verb: str) -> Callable:
    return getattr(importlib.import_module(f"tfppdnn.cli.{verb}"), verb)


_PROGRAM = Program(name="tfppdnn", verbs=VERBS, overview=_OVERVIEW, find=_find)
