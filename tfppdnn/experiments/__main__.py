"""`python -m tfppdnn.experiments VERB`: what whoever maintains the package does now and then."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from fire.decorators import SetParseFn, SetParseFns
from fire.parser import DefaultParseValue

from tfppdnn.commands import Program
from tfppdnn.errors import UserError

_OVERVIEW = """\
tfppdnn.experiments: what goes into the package and its pages

usage: python -m tfppdnn.experiments VERB [OPTIONS]

  ship           make a protector that ships with the package, with its card
  amend          put audits, classifiers and tables into the card of one that ships
  compare        how far two protectors are apart
  presets_table  the tables of docs/presets.md: every preset beside the paper

python -m tfppdnn.experiments VERB --help explains one of them. Table I and frontiers are made by
python -m tfppdnn table1 and python -m tfppdnn frontier.
"""


@SetParseFn(str)
@SetParseFns(hours=DefaultParseValue)
def ship(
    run: str,
    *folders: str,
    out: str | None = None,
    hours: float | None = None,
    comparison: str | None = None,
    int8: str | None = None,
) -> tuple[dict[str, Any], int]:
    r"""Makes a protector that ships with the package from a finished run.

    Writes `protector_fp16.tflite`, `protector.keras`, `card.json` and `CARD.md`. FOLDERS are those
    of `audit` and `classify` with this run's protector, and of `classify --plain`: their figures
    go into its card.

    Examples:
        With an audit, and with a second run of the same command to compare it with:

            python -m tfppdnn.experiments compare runs/second runs/hardened > again.json
            python -m tfppdnn.experiments ship runs/hardened runs/audit-hardened \
                --out=tfppdnn/shipped/mine --comparison=again.json

    Args:
        run: A finished run folder made by `train`.
        folders: Folders of `audit` and `classify` with its protector.
        out: The folder to write or to replace, tfppdnn/shipped/NAME; what it ships as is NAME.
        hours: How long the training took.
        comparison: A file of what `compare` printed of this run, or of what was shipped of it,
            and a second run of the same command.
        int8: A file of what the run's protector_int8.tflite keeps, as results/photos_int8.py
            writes it; then that file ships, too.

    Returns:
        Bytes and SHA-256 of each file of the protector, and the exit code.

    Raises:
        UserError: An option is wrong, the run is not finished, a folder is of something else, or
            the files are too large.
    """
    if out is None:
        raise UserError("--out is missing; pass --out=tfppdnn/shipped/NAME")
    if hours is not None and not (type(hours) in (int, float) and hours >= 0):
        raise UserError(f"--hours={hours}: must be a number from 0")

    from tfppdnn.experiments import shipping

    return shipping.ship(run, folders, out=out, hours=hours, comparison=comparison, int8=int8), 0


@SetParseFn(str)
def amend(
    shipped: str, *folders: str, measured: str | None = None, int8: str | None = None
) -> tuple[list[str], int]:
    r"""Puts what was found of a protector that ships into its card, in place of what is there.

    Audits take the place of all its audits, and classifiers that of all its classifiers. For
    `photos`, results/photos_card.py makes all of them and calls this.

    Examples:
        Two audits of the repository's, and tables that a script has made:

            python -m tfppdnn.experiments amend tfppdnn/shipped/photos results/photos-audit \\
                results/photos-views --measured=results/photos_goals.json

    Args:
        shipped: Its folder, tfppdnn/shipped/NAME.
        folders: Of `audit` and `classify` with this protector, and of `classify --plain`.
        measured: A file of tables, as results/photos_goals.py writes it.
        int8: A file of what its 8-bit file keeps, as results/photos_int8.py writes it.

    Returns:
        The titles of what is in its card now, and the exit code.

    Raises:
        UserError: An option is wrong, or a file or folder is of something else.
    """
    from tfppdnn.experiments import amending

    return amending.amend(shipped, folders, measured=measured, int8=int8), 0


@SetParseFns(one=str, other=str, dataset=str, data_dir=str)
def compare(
    one: str,
    other: str,
    *,
    dataset: str | None = None,
    data_dir: str | None = None,
    images: int = 1000,
) -> tuple[dict[str, Any], int]:
    """Compares what two protectors make of the same pictures.

    Of a run folder and of a shipped protector the networks themselves are compared, so that equal
    weights are found equal; a run need not have exported yet.

    Examples:
        A run of your own with the protector that ships:

            python -m tfppdnn.experiments compare runs/again cifar10

    Args:
        one: A protector, named as for `audit`.
        other: Another.
        dataset: Whose test pictures they are given; the first run's own, or digits, if not given.
        data_dir: A tensorflow-datasets directory.
        images: How many of them.

    Returns:
        How many pictures there were, the largest and the mean difference in grey levels, the share
        of equal pictures, and which protectors they are and how made; and the exit code.

    Raises:
        UserError: An option is wrong, there is no such protector, or it breaks the rules.
    """
    if type(images) is not int or images < 1:
        raise UserError(f"--images={images}: must be a whole number from 1")

    from tfppdnn.experiments import comparison

    return comparison.compare_named(one, other, dataset, data_dir=data_dir, images=images), 0


def presets_table() -> tuple[str, int]:
    """Prints the tables of docs/presets.md: every preset beside the paper.

    Examples:
        To be put at the end of that page when a preset or a reason has changed:

            python -m tfppdnn.experiments presets_table

    Returns:
        Markdown, and the exit code.
    """
    from tfppdnn.experiments import presets_table

    return presets_table.presets_table(), 0


_FUNCTIONS = {"ship": ship, "amend": amend, "compare": compare, "presets_table": presets_table}
VERBS = tuple(_FUNCTIONS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one verb.

    Args:
        arguments: The command line after the program's name; `sys.argv[1:]` if None.

    Returns:
        The exit code.
    """
    return _PROGRAM.main(arguments)


_PROGRAM = Program(
    name="tfppdnn.experiments", verbs=VERBS, overview=_OVERVIEW, find=_FUNCTIONS.__getitem__
)

if __name__ == "__main__":
    sys.exit(main())
