"""The command line: `python -m tfppdnn VERB`.

Progress goes to stderr. The last line on stdout is one JSON object with the verb's
figures. Exit codes: 0 done, 1 done but some inputs failed, 2 the call is wrong.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import re
import sys
from collections.abc import Callable, Sequence

import fire

from tfppdnn.errors import UserError

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
tfppdnn: cloud image classification on images that nobody can see

usage: python -m tfppdnn VERB [OPTIONS]

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
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_OVERVIEW, end="")
        return 0
    verb, *options = arguments
    if verb not in VERBS:
        return _refuse(verb, f"there is no such verb; choose {', '.join(VERBS)}")

    # TensorFlow's start-up messages are about the machine, not about the user's call.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        call = _parse(verb, options)
        if isinstance(call, str):
            print(call)
            return 0
        figures, code = call()
    except UserError as error:
        return _refuse(verb, str(error))
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        return _refuse(verb, f"{place}{error.strerror or error}")
    except MemoryError as error:
        return _refuse(verb, f"not enough memory ({error}); make the batches or images smaller")
    except KeyboardInterrupt:
        print(f"\ntfppdnn {verb}: stopped; the same command goes on from here", file=sys.stderr)
        return 130
    except Exception as error:
        # TensorFlow's own files meet a full disk with errors that are no OSError.
        if type(error).__name__ not in ("ResourceExhaustedError", "PermissionDeniedError"):
            raise
        return _refuse(verb, f"{str(error).splitlines()[0]}; the same command goes on from here")
    sys.stderr.flush()
    print(json.dumps(figures))
    return code


def _parse(verb: str, options: list[str]) -> Callable | str:
    """Turns options into a call that is ready to be made, or into the help text."""
    module = importlib.import_module(f"tfppdnn.cli.{verb}")
    calls = []

    def defer(function):
        @functools.wraps(function)
        def keep(*args, **kwargs):
            calls.append(functools.partial(function, *args, **kwargs))

        return keep

    # Behind "--" fire takes it as its own, not as one of the verb's open settings.
    if "--help" in options or "-h" in options:
        options = ["--", "--help"]
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
            fire.Fire(defer(getattr(module, verb)), command=options, name=f"tfppdnn {verb}")
    except fire.core.FireExit as end:
        if end.code == 0:
            return _tidy_help(said.getvalue()) + getattr(module, "settings_help", str)()
        reason = next(
            (line[7:] for line in said.getvalue().splitlines() if line.startswith("ERROR: ")),
            "the options cannot be understood",
        )
        raise UserError(f"{reason}; see python -m tfppdnn {verb} --help") from None
    return calls[0]


def _tidy_help(text: str) -> str:
    """Takes out of fire's help what a user of these verbs cannot use."""
    text = text.split("\nGROUPS\n")[0].replace("GROUP | ", "")
    text = re.sub(r"Type: Optional\['(\w+).*'\]|Type: '(\w+).*'", r"Type: \1\2", text)
    # Never the first letter of an option.
    text = text.replace("    -h, --", "    --")
    return re.sub(r"'(tfppdnn \w+)'", r"\1", text).rstrip()


def _refuse(verb: str, reason: str) -> int:
    print(f"tfppdnn {verb}: {' '.join(reason.split())}", file=sys.stderr)
    return 2
