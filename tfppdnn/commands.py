"""What makes a command line out of functions: help, options, errors in one line, exit codes."""

from __future__ import annotations

import atexit
import contextlib
import difflib
import functools
import gc
import inspect
import io
import json
import os
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import fire

import tfppdnn
from tfppdnn.errors import UserError, WorkerLostError
from tfppdnn.interrupts import Interrupts, noticed_interrupts
from tfppdnn.streams import unbroken_streams
from tfppdnn.writing import in_one_line

_MODULES_OF = {
    "train": {
        *("tensorflow", "keras", "keras_cv", "tensorflow_datasets", "pydantic", "scipy", "skimage"),
        *("sklearn", "matplotlib", "jinja2", "tensorboard"),
    },
    "serve": {
        *("pydantic", "fastapi", "starlette", "uvicorn", "h11", "grpc", "prometheus_client"),
    },
}
"""What an extra of the installation brings, by its name."""

_TRY_AGAIN = 75
"""What sysexits.h calls EX_TEMPFAIL: nothing is wrong with the call, and it may be made again."""

_POSITIONAL = {
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
}


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program of several verbs, each a function whose docstring is its help.

    Progress goes to stderr, and what a verb returns to stdout. Exit codes: 0 done, 1 done but some
    inputs failed, 2 the call is wrong, 75 another worker was lost.

    Attributes:
        name: What its errors begin with; also what `python -m` runs.
        verbs: Their names, in the order in which they are offered.
        overview: What it is for and what its verbs do, shown to who names none.
        find: From a verb to its function, which returns what to print (a text, or figures that are
            printed as one line of JSON) and the exit code. Called when the verb is, so that no
            verb has to wait for what only others need.
    """

    name: str
    verbs: Sequence[str]
    overview: str
    find: Callable[[str], Callable[..., tuple[Any, int]]]

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Runs one verb.

        Args:
            arguments: The command line after the program's name; `sys.argv[1:]` if None.

        Returns:
            The exit code.
        """
        # Else Python's end looks through all that TensorFlow made: for seconds, and for nothing.
        atexit.register(gc.freeze)
        with unbroken_streams(), noticed_interrupts() as interrupts:
            return self._run(list(sys.argv[1:] if arguments is None else arguments), interrupts)

    def _run(self, arguments: list[str], interrupts: Interrupts) -> int:
        if not arguments or arguments[0] in ("-h", "--help", "help"):
            print(self.overview, end="")
            return 0
        if arguments[0] == "--version":
            print(f"{self.name} {tfppdnn.__version__}")
            return 0
        verb, *options = arguments
        if verb not in self.verbs:
            close = difflib.get_close_matches(verb, self.verbs, n=1)
            meant = f"did you mean {close[0]}?" if close else f"choose {', '.join(self.verbs)}"
            return self._refuse(verb, f"there is no such verb; {meant}")

        # TensorFlow's start-up messages are about the machine, not about the user's call.
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        try:
            call = self._parse(verb, options)
            if isinstance(call, str):
                print(call)
                return 0
            said, code = call()
        except KeyboardInterrupt as stop:
            return self._stopped(verb, str(stop))
        except Exception as error:
            return self._stopped(verb) if interrupts.came else self._failed(verb, error)
        sys.stderr.flush()
        try:
            print(said.rstrip("\n") if isinstance(said, str) else json.dumps(said), flush=True)
        except OSError as error:
            return self._refuse(verb, f"done, but its figures cannot be printed: {error.strerror}")
        return code

    def _parse(self, verb: str, options: list[str]) -> Callable | str:
        """Turns options into a call that is ready to be made, or into the help text."""
        function = self.find(verb)
        calls = []

        @functools.wraps(function)
        def keep(*args, **kwargs):
            calls.append(functools.partial(function, *args, **kwargs))

        whole = "--help=all" in options
        # Behind "--" fire takes it as its own, not as one of the verb's open settings.
        if whole or "--help" in options or "-h" in options:
            options = ["--", "--help"]
        _check_values(options, function)
        said = io.StringIO()
        try:
            with contextlib.redirect_stderr(said), contextlib.redirect_stdout(said):
                fire.Fire(keep, command=options, name=f"{self.name} {verb}")
        except fire.core.FireExit as end:
            if end.code == 0:
                return self._tidy_help(said.getvalue()) + self._settings_help(verb, whole)
            reason = next(
                (line[7:] for line in said.getvalue().splitlines() if line.startswith("ERROR: ")),
                "the options cannot be understood",
            )
            raise UserError(self._in_words(reason, verb, function)) from None
        return calls[0]

    def _settings_help(self, verb: str, whole: bool) -> str:
        """The settings of a verb that has some: those that people use, or all."""
        module = sys.modules[self.find(verb).__module__]
        explain = getattr(module, "settings_help", None)
        if explain is None:
            return ""
        if whole:
            return explain(None)
        return f"{explain(module.COMMON)}\n\nMore settings: python -m {self.name} {verb} --help=all"

    def _in_words(self, reason: str, verb: str, function: Callable) -> str:
        """What fire says, or which option a word without one was meant for."""
        word = reason.removeprefix("Could not consume arg: ")
        kinds = {one.kind for one in inspect.signature(function).parameters.values()}
        if word != reason and not word.startswith("-") and not kinds & _POSITIONAL:
            option = next(iter(inspect.signature(function).parameters))
            return f"{word}: use --{option}={word}"
        return f"{reason}; see python -m {self.name} {verb} --help"

    def _tidy_help(self, text: str) -> str:
        """Takes out of fire's help what a user of these verbs cannot use."""
        text = text.split("\nGROUPS\n")[0].replace("GROUP | ", "")
        text = re.sub(r"Type: Optional\['(\w+).*'\]|Type: '(\w+).*'", r"Type: \1\2", text)
        # Never an option's first letter alone, which two may have or a setting.
        text = re.sub(r"^    -\w, --", "    --", text, flags=re.MULTILINE)
        return re.sub(rf"'({re.escape(self.name)} \w+)'", r"\1", text).rstrip()

    def _stopped(self, verb: str, saved: str = "") -> int:
        goes_on = f"{saved}; the same command goes on from there"
        if not saved:
            goes_on = "the same command goes on from what was finished"
        print(f"\n{self.name} {verb}: stopped; {goes_on}", file=sys.stderr)
        return 130

    def _failed(self, verb: str, error: Exception) -> int:
        """Says what went wrong, if that is no fault of ours."""
        match error:
            case UserError():
                return self._refuse(verb, str(error))
            case WorkerLostError():
                print(f"{self.name} {verb}: {error}", file=sys.stderr)
                return _TRY_AGAIN
            case OSError():
                place = f"{error.filename}: " if error.filename else ""
                return self._refuse(verb, f"{place}{error.strerror or error}")
            case ModuleNotFoundError() if extra := _extra_with(error.name or "", verb):
                return self._refuse(
                    verb, f"{error.name} is not installed; run: pip install 'tfppdnn[{extra}]'"
                )
            case MemoryError():
                return self._refuse(
                    verb, f"not enough memory ({error}); make the batches or images smaller"
                )
        # TensorFlow's own files meet a full disk with errors that are no OSError.
        if type(error).__name__ in ("ResourceExhaustedError", "PermissionDeniedError"):
            return self._refuse(
                verb, f"{str(error).splitlines()[0]}; the same command goes on from here"
            )
        raise error

    def _refuse(self, verb: str, reason: str) -> int:
        print(in_one_line(f"{self.name} {verb}: {reason}"), file=sys.stderr)
        return 2


def _check_values(options: list[str], function: Callable) -> None:
    """Refuses `--out` without a folder behind it, which fire takes for the word True.

    So it does `--noout`, for the word False. `--out=$UNSET` would mean that none was given.
    """
    parameters = inspect.signature(function).parameters.values()
    # Of the open settings those that are declared to be texts.
    parsers = fire.decorators.GetParseFns(function)["named"]
    texts = {name for name, parser in parsers.items() if parser is str}
    texts |= {one.name for one in parameters if "str" in str(one.annotation)}
    lists = {one.name for one in parameters if "Sequence" in str(one.annotation)}
    for option, following in zip(options, [*options, "--"][1:], strict=True):
        said, given, value = option.partition("=")
        name = said.removeprefix("--").replace("-", "_")
        if not option.startswith("--"):
            continue
        if name in texts - lists and given and not value:
            raise UserError(
                f"{said}= is empty, as from a shell variable that is not set; give a value, or "
                "leave it out"
            )
        if name in texts and not given and following.startswith("--"):
            raise UserError(f"{said} needs a value, as in {said}={name.upper()}")
        if name.removeprefix("no") in texts - {name} and name.startswith("no"):
            raise UserError(f"{said}: --{name[2:]} has a value; leave it out for none")


def _extra_with(module: str, verb: str) -> str | None:
    """The extra that brings a module: the verb's own, if it is called as the verb is."""
    root = module.partition(".")[0]
    extras = [extra for extra, modules in _MODULES_OF.items() if root in modules]
    return verb if verb in extras else next(iter(extras), None)
