"""`python -m tfppdnn frontier`: what accuracy costs in secrecy, protector by protector."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.cli.options import checked_flag, words
from tfppdnn.datasets.load import as_recorded
from tfppdnn.experiments.frontier import frontier as make
from tfppdnn.experiments.frontier_figures import points_in_short
from tfppdnn.experiments.frontier_sweeps import SWEEPS
from tfppdnn.settings import settings_help as train_settings_help
from tfppdnn.settings.audit import audit_settings_help
from tfppdnn.settings.values import checked_seed

__all__ = ["COMMON", "frontier", "settings_help"]

COMMON = ()
"""Settings that `--help` lists; it has thirteen options without."""

# The first two are the simplest things that reach as much: the class alone, and a code of as many
# bits as a hardened protector's.
_RIVALS = (
    "label,pca:96,blur:1,blur:2,pixelate:4,pixelate:8,pixel_same,pixel_different,tanaka,ele,etc"
)


def settings_help(only: Collection[str] | None = None) -> str:
    """Explains the settings of all parts."""
    return f"{train_settings_help(only)}\n{audit_settings_help(only)}".rstrip()


@SetParseFns(
    dataset=str,
    data_dir=str,
    preset=str,
    out=str,
    reuse=str,
    objectives=str,
    rivals=str,
    protectors=str,
    cyclegan_values=str,
    hardened_values=str,
    perceptual_weights=str,
)
def frontier(
    *,
    dataset: str = "digits",
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    reuse: str | None = None,
    objectives: str | Sequence[str] = ",".join(SWEEPS),
    cyclegan_values: str | Sequence[float] = SWEEPS["cyclegan"].values,
    hardened_values: str | Sequence[float] = SWEEPS["hardened"].values,
    rivals: str | Sequence[str] = _RIVALS,
    protectors: str | Sequence[str] = "",
    seed: int = 0,
    trust: bool = False,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Measures accuracy against leakage: one point a protector, one curve an objective.

    For each objective several protectors are trained, which differ in the weight that trades
    secrecy for accuracy. They, rival schemes, blur, large pixels and plain images are then all
    measured the same way. Accuracy: a ResNet-18 is trained on protected images, as by
    `classify`. Leakage: whoever owns the protector trains a network that undoes it, as by
    `audit`; what comes back is measured on images that it never saw. The figures are written
    as JSON, as a table with the command of every part, and as a picture.

    Every part is a folder of its own, so the same command goes on with a frontier that was
    stopped; with more values or protectors, it makes only those that are new.

    Examples:
        On digits, the two ends of one objective beside a blur:

            python -m tfppdnn frontier --objectives=cyclegan --cyclegan_values=0.3,3 \
                --rivals=blur:2

        CIFAR-10 on two CPU cores, from the classifier of a run that is there:

            python -m tfppdnn frontier --preset=cpu --dataset=cifar10 --data_dir=DIR \
                --reuse=runs/cifar10-cpu

        Only protectors that are there, and an idea of your own:

            python -m tfppdnn frontier --objectives= --rivals= \
                --protectors=runs/digits-quick,my_idea.py:protect

    Args:
        dataset: As for `train`.
        data_dir: A tensorflow-datasets directory.
        preset: How large the networks and how strong the attackers are: quick, cpu or paper.
        out: The frontier's folder; runs/frontier-DATASET-PRESET if not given.
        reuse: A run folder whose first two stages all trainings start from; if not given, those
            of a training that has made them, or the first makes them.
        objectives: Which objectives to train for, separated by commas; may be empty.
        cyclegan_values: Classification weights, the second of --gamma.
        hardened_values: Values of --hiding_weight.
        rivals: Ciphers and baselines, as for `audit`; may be empty. Plain images are always
            there. The components of pca are learnt from the training images; label alone is
            the class that the frontier's own classifier of plain images finds.
        protectors: Further protectors, as for `audit`.
        seed: Seed of all trainings.
        trust: Whether PROTECTORS may be SavedModels, which are programs: if you made them, or
            know who did.
        settings: Any setting of `train`, `classify` and `audit`, see below.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, the data set is too small, the folder holds another
            frontier, or a training diverged.
    """
    name = as_recorded(dataset)
    run = make(
        name,
        preset=preset,
        options=settings,
        values={
            objective: {"cyclegan": cyclegan_values, "hardened": hardened_values}.get(objective)
            for objective in words(objectives)
        },
        protectors=[*words(rivals), *words(protectors)],
        out=out or Path("runs") / f"frontier-{Path(name).resolve().name}-{preset}",
        reuse=reuse,
        seed=checked_seed(seed),
        data_dir=data_dir,
        trust=checked_flag(trust, option="--trust"),
    )
    return {"run": str(run.path), "points": points_in_short(run)}, 0
