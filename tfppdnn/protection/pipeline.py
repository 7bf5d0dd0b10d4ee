"""`tfppdnn.train`: from plain images to a protector h_p, and all that leaves the building."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfppdnn import workers
from tfppdnn.datasets.load import AnyDataset, load_dataset, name_of
from tfppdnn.errors import UserError
from tfppdnn.ownership import owned
from tfppdnn.protection.exportable import check_exportable, is_exported
from tfppdnn.protection.first_stages import check_reusable, copy_first_stages
from tfppdnn.protector.protector import Protector
from tfppdnn.quiet import import_tensorflow
from tfppdnn.reports.notebook import in_notebook
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import PhotoSettings, RunSettings, make_settings, recorded
from tfppdnn.settings.group import chosen
from tfppdnn.settings.values import checked_seed

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainingResult:
    """A finished run: a protector, its figures and its files.

    Attributes:
        run: The run folder; of a training without one, it goes with this object.
    """

    run: RunFolder = field(repr=False)

    @property
    def folder(self) -> Path:
        """Where the run's files are."""
        return self.run.path

    @property
    def metrics(self) -> dict[str, Any]:
        """Every figure, by stage, as in `metrics.json`; `train` is the short list."""
        return self.run.metrics()

    @property
    def settings(self) -> RunSettings:
        """What it was trained with."""
        return recorded(self.run.config()["settings"])

    @cached_property
    def protector(self) -> Protector:
        """h_p as clients run it: 8 bits in, 8 bits out."""
        return Protector.from_preset(self.folder)

    @cached_property
    def network(self) -> keras.Model:
        """h_p as a Keras model, float32 [N, H, W, 3] in [0, 1] to the same."""
        from tfppdnn.protector.keras_file import load_network

        return load_network(self.run.protector)

    @property
    def report(self) -> Path:
        """The page that shows what was made. It holds plain pictures."""
        return self.folder / "report.html"

    def summary(self) -> str:
        """The short list of figures, a line each."""
        return "\n".join(f"{name}: {value}" for name, value in self.metrics["train"].items())

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        """In a notebook, the report itself."""
        return in_notebook(self.report.read_text())


def train(
    dataset: AnyDataset = "digits",
    *,
    preset: str | None = None,
    settings: RunSettings | Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int = 0,
    data_dir: str | None = None,
    skip_bad: bool = False,
    reuse: str | os.PathLike[str] | None = None,
) -> TrainingResult:
    """Trains a protector h_p, exports it, and measures what it hides (Section III).

    Where TF_CONFIG is set, the workers that it names train together; see docs/scale.md.

    Args:
        dataset: Plain images and labels, see `tfppdnn.datasets.load_dataset`.
        preset: How large everything is: `quick`, `cpu`, `hardened` or `paper`; or `photos`, whose
            h_p is made of a trained trunk. None for `quick`.
        settings: Options that differ from the preset's, as in
            `{"lambda_": 1, "transform_steps": 2000}`; or whole settings, without a preset.
        out: The run folder. The same call goes on with a run that was stopped, and does nothing
            when it is done. Without one, what is made goes with the result.
        seed: Seed of everything that is drawn at random.
        data_dir: A tensorflow-datasets directory; nothing is downloaded if the data is there.
        skip_bad: Whether a folder's images that cannot be read are named on stderr and left out.
        reuse: A run folder whose first two stages this run starts from, if it has none.

    Returns:
        The finished run.

    Raises:
        UserError: The data set or a setting cannot be used, the run folder holds another run,
            the stages of another cannot be reused, or the training diverged.
        WorkerLostError: Another worker was lost; all are to be started again.
    """
    settings, preset = chosen(settings, preset, kind=RunSettings, make=make_settings)
    with workers.taking_part():
        run = RunFolder.shared(out)
        identity = {"settings": settings.trained(), "seed": checked_seed(seed)}
        known = name_of(dataset)
        run.expect(dataset={} if known is None else {"name": known}, **identity)
        with owned(run.path):
            _make_missing(
                run,
                dataset,
                settings,
                identity,
                preset=preset,
                data_dir=data_dir,
                skip_bad=skip_bad,
                reuse=reuse,
            )
    return TrainingResult(run)


def _make_missing(
    run: RunFolder,
    dataset: AnyDataset,
    settings: RunSettings,
    identity: Mapping[str, Any],
    *,
    preset: str | None,
    data_dir: str | None,
    skip_bad: bool,
    reuse: str | os.PathLike[str] | None,
) -> None:
    later, seed = settings.options("classifier"), identity["seed"]
    if "train" in run.metrics():
        found = run.config()["dataset"]
        if not isinstance(dataset, (str, os.PathLike)):
            # What a program holds has a name that tells nothing, and is there to be looked at.
            found = load_dataset(dataset, image_size=settings.data.image_size, seed=seed).summary()
        # What comes after it may have other settings than at first.
        run.claim(dataset=found, later=later, **identity)
        if isinstance(settings, PhotoSettings) and workers.is_chief():
            # Earlier versions kept them.
            from tfppdnn.protection.photos.features import forget_pictures

            forget_pictures(run)
        if workers.is_chief() and not is_exported(run.path):
            import_tensorflow()

            from tfppdnn.protection.exports import export_again

            check_exportable(run.path)
            export_again(run, dataset, data_dir=data_dir)
        return

    # Everything up to here is quick, so that a wrong option is refused at once.
    import_tensorflow()

    if isinstance(settings, PhotoSettings):
        from tfppdnn.protection.photos.stages import make_photo_run as make

        if reuse is not None:
            raise UserError("--reuse: --preset=photos has no stages to reuse; leave it out")
    else:
        from tfppdnn.models.perceptual import check_perceptual_weights
        from tfppdnn.protection.stages import make_run as make

        objective = settings.transformation.objective
        check_perceptual_weights(getattr(objective, "perceptual_weights", None))
    workers.join()
    images = load_dataset(
        dataset,
        data_dir=data_dir,
        image_size=settings.data.image_size,
        seed=seed,
        skip_bad=skip_bad,
    )
    # A run that was begun has its own.
    other = RunFolder(reuse) if reuse and not (run.path / "checkpoints").exists() else None
    if other is not None:
        check_reusable(other, settings, dataset=images.summary(), seed=seed)
    run.claim(
        dataset=images.summary(),
        data_dir=data_dir,
        skip_bad=skip_bad,
        preset=preset,
        later=later,
        **identity,
    )
    if other is not None and workers.is_chief():
        copy_first_stages(other, run)
    make(run, settings, images, seed)
