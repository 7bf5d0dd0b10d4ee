"""Command lines: those that work on what is there already, damaged."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from pathlib import Path

from faults.tiny import TINY_SETTINGS
from faults.verbs import AUDIT_OPTIONS

from .target import Case, Outcome, call, import_all, outcome_of

_VALUES = (
    *("", " ", "0", "-1", "1", "2.5", "1e999", "nan", "-inf", "9" * 5000, "x" * 20_000, "True"),
    *("None", "[]", "{}", "[[[[", "(1,2", "{'a': 1}", "lambda: 0", "a,b,,c", "../..", "/dev/null"),
    *("/dev/zero", "/proc/nowhere", "file.py:name", "os:remove", "tanaka:9" + "9" * 400, "pca:1"),
    *("pca:96", "blur:0", "label:.", "digits", "cifar10", "é\u202e\U0001f600", "\ud800"),
    *("a\nb", "%s%n", "$(id)", "-", "--", "-h", "--help", "=", "~", "~nobody/x", "."),
)


class Calls:
    """Command lines."""

    name = "calls"

    def prepare(self, base: Path, place: Path) -> None:
        """Copies what calls work on, and goes there."""
        # So deep that ../.. is still a place of its own.
        self._base, self._place = base, place / "of" / "its" / "own"
        shutil.copytree(base, self._place / "base")
        os.chdir(self._place)
        # Whoever would download finds no network.
        os.environ |= {"HOME": str(place), "http_proxy": "http://127.0.0.1:9"}
        os.environ |= {"https_proxy": "http://127.0.0.1:9", "no_proxy": "127.0.0.1"}
        import_all()
        from tfppdnn.cli.command_line import VERBS

        self._verbs = tuple(VERBS)
        self._templates = (
            ["train", "--out=base/run", *TINY_SETTINGS],
            ["classify", "--protector=base/run"],
            ["audit", "--protector=base/run", "--out=base/audit", *AUDIT_OPTIONS],
            ["export", "base/run", "--deploy=deployed"],
            ["protect", "base/photos", "protected", "--protector=base/run", "--size=32"],
            ["client", "http://127.0.0.1:9", "base/photos", "--protector=base/run", "--timeout=1"],
            ["serve", "base/run", "--rest_port=0", "--grpc_port=0", "--name=classifier"],
            ["table1", "--protector=base/run", "--out=table", "--held_out_images=12"],
            ["frontier", "--rivals=blur:2", "--out=frontier", "--objectives=", "--seed=0"],
        )

    def case(self, chance: random.Random) -> Case:
        """A call with one to four damages."""
        arguments = list(chance.choice(self._templates))
        for _ in range(chance.randint(1, 4)):
            place = chance.randrange(len(arguments)) if arguments else 0
            how = chance.randrange(8)
            if how == 0 and arguments:
                del arguments[place]
            elif how == 1:
                arguments.insert(place, chance.choice(_VALUES))
            elif how == 2:
                arguments.insert(place, f"--{chance.choice(_VALUES)}={chance.choice(_VALUES)}")
            elif how == 3:
                other = chance.choice(chance.choice(self._templates))
                arguments.insert(place, other)
            elif how == 4 and arguments:
                arguments[0] = chance.choice((*self._verbs, chance.choice(_VALUES)))
            elif arguments:
                name = arguments[place].partition("=")[0]
                value = chance.choice(_VALUES)
                arguments[place] = f"{name}={value}" if name.startswith("--") else value
        arguments = [_sendable(argument) for argument in arguments]
        return Case("is called", {"arguments": repr(arguments).encode()}, arguments)

    def run(self, case: Case) -> Outcome:
        """Calls it."""
        code, said = call(case.arguments)
        if said.interrupted or code == 0:
            self._restore()
        return outcome_of(code, said)

    def close(self) -> None:
        """Nothing to end."""

    def _restore(self) -> None:
        """What was begun is no finished run any more."""
        for entry in self._place.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    entry.unlink()
        shutil.copytree(self._base, self._place / "base")


def _sendable(argument: str) -> str:
    """What the system can hand to a program: no zero byte, and no half of a pair."""
    return argument.encode(errors="replace").decode().replace("\0", "")
