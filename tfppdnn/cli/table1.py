"""`python -m tfppdnn table1`: Table I and Figs. 1 and 7 of the paper."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.cli.options import checked_flag, say_on_digits, words
from tfppdnn.errors import UserError
from tfppdnn.experiments.table1 import OF_CLASSIFIERS
from tfppdnn.experiments.table1 import table1 as make
from tfppdnn.protector.protector import Protector
from tfppdnn.settings.audit import audit_settings_help
from tfppdnn.settings.values import checked_seed

__all__ = ["COMMON", "settings_help", "table1"]

COMMON = ("attacker_images", "held_out_images")
"""Settings that `--help` lists."""


def settings_help(only: Collection[str] | None = None) -> str:
    """Explains the settings of both halves."""
    return f"{audit_settings_help(only)}\n    and of classify: {', '.join(OF_CLASSIFIERS)}"


@SetParseFns(protector=str, datasets=str, data_dir=str, preset=str, out=str, attackers_dataset=str)
def table1(
    *,
    protector: str | None = None,
    datasets: str | Sequence[str] | None = None,
    attackers_dataset: str | None = None,
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    seed: int = 0,
    trust: bool = False,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Makes the paper's Table I and Figs. 1 and 7: the protector beside its rivals.

    Every row is a scheme: the protector, pixel-based encryption under one key and under a key
    an image, Tanaka's with its adaptation network, and plain images. As in the paper, each
    but the last is attacked by the GAN attack, the pixel-based ones also by the unshared-weight
    attack, as by `audit`; and a ResNet-18 is trained on each data set protected by it, as by
    `classify`, all for the same number of steps. The figures are written beside the paper's,
    as Markdown, CSV and PNG.

    Every part is a folder of its own, so the same command goes on with a table that was
    stopped.

    Examples:
        With the default run, on digits:

            python -m tfppdnn table1 --protector=runs/digits-quick

        At the scale of two CPU cores:

            python -m tfppdnn table1 --protector=runs/cifar10-cpu --preset=cpu \
                --datasets=cifar10,tiny_imagenet100 --data_dir=DIR

    Args:
        protector: A run folder made by `train`, a shipped protector (cifar10 or photos), or any
            other; see `audit`.
        datasets: One or two data sets for the classifiers, separated by commas, as for
            `train`; the run's own, or digits, if not given.
        attackers_dataset: What the attackers learn from and are measured on; the last of
            the data sets if not given.
        data_dir: A tensorflow-datasets directory.
        preset: quick, cpu or paper.
        out: The table's folder; runs/table1-PROTECTOR-PRESET if not given.
        seed: Seed of all trainings.
        trust: Whether PROTECTOR may be a SavedModel, which is a program: if you made it, or know
            who did.
        settings: Any setting of `audit`, see below, or of `classify`.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, a data set is not to be had or too small, or the folder
            holds another table.
    """
    if protector is None:
        raise UserError("--protector is missing; pass --protector=RUN, a folder made by train")
    found = Protector.named(protector, trust=checked_flag(trust, option="--trust"))
    if datasets is None and found.run is None:
        say_on_digits("table1", option="datasets")
    run = make(
        protector,
        None if datasets is None else words(datasets),
        attackers_dataset=attackers_dataset,
        preset=preset,
        options=settings,
        out=out or Path("runs") / f"table1-{found.title}-{preset}",
        seed=checked_seed(seed),
        data_dir=data_dir,
        trust=trust,
    )
    return {"run": str(run.path), **run.metrics()["table"]}, 0
