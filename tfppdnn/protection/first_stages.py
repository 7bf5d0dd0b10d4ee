"""Starting a run from the reference classifier and preliminary images of another."""

from __future__ import annotations

import shutil
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import Preset

STAGES = ("reference_classifier", "preliminary_images")

# The preset's settings that these stages depend on, but for steps_per_round: augmentation is
# seeded for each round, so that another number gives another h_theta of the same worth. It is
# left out on purpose: a frontier shares its stages between presets that differ in it, such as
# `quick` and `hardened`.
SETTINGS = (
    "image_size",
    "augment_flip",
    "reference_width",
    "reference_epochs",
    "reference_batch_size",
    "reference_learning_rate",
    "preliminary_images",
    "epsilon",
    "step_size",
    "iterations",
    "random_start",
    "mixed_precision",
)


def check_reusable(other: RunFolder, preset: Preset, *, dataset: dict[str, Any], seed: int) -> None:
    """Checks that a run with these settings would make such stages as `other` holds.

    They are the very same only if `steps_per_round` is, too, which is not asked for: see
    `SETTINGS`.

    Args:
        other: The run whose stages are to be reused.
        preset: Of it, `SETTINGS` are compared.
        dataset: The data set's summary.
        seed: The seed.

    Raises:
        UserError: It is no run, has not finished these stages, or made them otherwise.
    """
    config = other.config()
    wanted = {name: getattr(preset, name) for name in SETTINGS} | {"seed": seed}
    found = {**config["settings"], "seed": config["seed"]}
    for name, value in wanted.items():
        if found.get(name) != value:
            raise UserError(
                f"--reuse={other.path}: made with --{name}={found.get(name)}, now it is {value}; "
                f"give --{name}={found.get(name)}, or leave out --reuse"
            )
    for name, value in dataset.items():
        if config["dataset"].get(name) != value:
            raise UserError(
                f"--reuse={other.path}: made from another data set "
                f"({name}: {config['dataset'].get(name)} there, {value} now); leave out --reuse"
            )
    for stage in STAGES:
        if not _is_finished(other, stage):
            raise UserError(
                f"--reuse={other.path}: holds no finished {stage.replace('_', ' ')}; give its "
                "own `train` command again first, or leave out --reuse"
            )


def has_finished_stages(run: RunFolder) -> bool:
    """Whether a folder holds both stages, to be reused."""
    return all(_is_finished(run, stage) for stage in STAGES)


def _is_finished(run: RunFolder, stage: str) -> bool:
    return stage in run.metrics() and run.checkpoints(stage).is_dir()


def copy_first_stages(other: RunFolder, run: RunFolder) -> None:
    """Copies the finished stages of `other`, both or neither, and records where they come from.

    Args:
        other: A run that `check_reusable` lets pass.
        run: A run without checkpoints, in which the stages then find themselves finished.
    """
    with written_whole(run.path / "checkpoints") as temporary:
        for stage in STAGES:
            shutil.copytree(other.checkpoints(stage), temporary / stage)
        run.record("reused", {"run": other.path.resolve().name, "stages": STAGES})
