"""Starting a run from the reference classifier and preliminary images of another."""

from __future__ import annotations

import shutil
from typing import Any

from tfppdnn.errors import UserError
from tfppdnn.files import written_whole
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import OF_STAGE, TrainingSettings, recorded

STAGES = ("reference_classifier", "preliminary_images")


def check_reusable(
    other: RunFolder, settings: TrainingSettings, *, dataset: dict[str, Any], seed: int
) -> None:
    """Checks that a run with these settings would make the very stages that `other` holds.

    Args:
        other: The run whose stages are to be reused.
        settings: Of it, what these stages depend on is compared.
        dataset: The data set's summary.
        seed: The seed.

    Raises:
        UserError: It is no run, has not finished these stages, or made them otherwise.
    """
    config = other.config()
    made_with = recorded(config["settings"])
    if not isinstance(made_with, TrainingSettings):
        raise UserError(
            f"--reuse={other.path}: made with --preset=photos, which has no stages to reuse; name "
            "a run of another preset, or leave out --reuse"
        )
    groups = OF_STAGE[STAGES[-1]]
    wanted = settings.options(*groups) | {"seed": seed}
    found = made_with.options(*groups) | {"seed": config["seed"]}
    for name, value in wanted.items():
        if found[name] != value:
            raise UserError(
                f"--reuse={other.path}: made with --{name}={found[name]}, now it is {value}; "
                f"give --{name}={found[name]}, or leave out --reuse"
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
