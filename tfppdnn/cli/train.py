"""`python -m tfppdnn train`: the paper's Section III, from plain images to h_p."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from fire.decorators import SetParseFns

from tfppdnn.cli.options import checked_flag, say_if_memory_is_short
from tfppdnn.datasets.load import as_recorded
from tfppdnn.protection.pipeline import train as make
from tfppdnn.settings import settings_help

__all__ = ["COMMON", "settings_help", "train"]

COMMON = ("image_size", "objective", "transform_steps")
"""Settings that `--help` lists."""


@SetParseFns(dataset=str, data_dir=str, out=str, preset=str, reuse=str, perceptual_weights=str)
def train(
    *,
    dataset: str = "digits",
    data_dir: str | None = None,
    preset: str = "quick",
    out: str | None = None,
    reuse: str | None = None,
    seed: int = 0,
    skip_bad: bool = False,
    **settings,
) -> tuple[dict[str, Any], int]:
    r"""Trains a protector h_p, exports it, and reports what it hides.

    Three trainings follow each other: a reference classifier on plain images, preliminary
    protected images made with it by projected gradient descent, and h_p itself. The objective
    `hardened`, which the digits have by default, trains it against a network that undoes it; the
    paper's, `cyclegan`, as one generator between plain and protected images. Then h_p is
    exported as SavedModel and TFLite, measured on test images, and shown in report.html.

    The same command goes on with a run that was stopped, and does nothing when it is done.

    Examples:
        The embedded digits, offline, in a few minutes:

            python -m tfppdnn train

        CIFAR-10 on two CPU cores, with a setting of your own:

            python -m tfppdnn train --preset=cpu --dataset=cifar10 --lambda_=1 --out=runs/mine

        CIFAR-10 by an h_p that hides from those who own it, too, and the digits by the paper's:

            python -m tfppdnn train --preset=hardened --dataset=cifar10 --data_dir=DIR
            python -m tfppdnn train --objective=cyclegan --out=runs/digits-paper

        Your own photographs, one sub-folder per class:

            python -m tfppdnn train --preset=photos --dataset=photos/ --out=runs/photos

        Another h_p from the classifier and preliminary images that a run has already:

            python -m tfppdnn train --reuse=runs/digits-quick --hiding_weight=4 --out=runs/mine

    Args:
        dataset: digits (embedded), a tensorflow-datasets name, or a folder of class
            sub-folders, which may lie in train/ and test/.
        data_dir: A tensorflow-datasets directory, where the data must be. Without it what is
            missing is downloaded into ~/tensorflow_datasets.
        preset: How large everything is: quick, cpu or paper; hardened is cpu with
            --objective=hardened. Or photos, an h_p for photographs, of a trunk and a code.
        out: The run folder; runs/DATASET-PRESET if not given.
        reuse: A run folder whose first two trainings this one starts from, instead of making
            them again; everything that they depend on must be the same.
        seed: Seed of everything that is drawn at random.
        skip_bad: Name images of a folder that cannot be read, and leave them out.
        settings: Any setting of the preset by its own name, see below.

    Returns:
        The figures, and the exit code.

    Raises:
        UserError: An option is wrong, the run folder holds another run, the stages of
            another cannot be reused, or the training diverged.
    """
    say_if_memory_is_short("train")
    result = make(
        dataset,
        preset=preset,
        settings=settings,
        out=out or Path("runs") / f"{Path(as_recorded(dataset)).resolve().name}-{preset}",
        seed=seed,
        data_dir=data_dir,
        skip_bad=checked_flag(skip_bad, option="--skip_bad"),
        reuse=reuse,
    )
    from tfppdnn.reports.summary import run_in_words

    # Not to stdout, whose last line a program reads.
    print(f"\n{run_in_words(result.run)}\n", file=sys.stderr)
    return {"run": str(result.folder), **result.metrics["train"]}, 0
