"""`tfppdnn.fit_classifier`: what the cloud does with protected images (Section IV-D, Fig. 5a)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfppdnn import workers
from tfppdnn.classification.training import train_classifier
from tfppdnn.datasets.load import AnyDataset, load_dataset, name_of
from tfppdnn.datasets.notices import say_if_divided_otherwise
from tfppdnn.errors import UserError
from tfppdnn.ownership import owned
from tfppdnn.protector.protector import Protector
from tfppdnn.quiet import import_tensorflow
from tfppdnn.run_folder import RunFolder
from tfppdnn.settings import OF_STAGE, RunSettings, make_settings, recorded
from tfppdnn.settings.group import chosen
from tfppdnn.settings.values import checked_seed

if TYPE_CHECKING:
    import numpy as np

    from tfppdnn.leakage.recogniser import SavedModelRecogniser


@dataclass(frozen=True)
class ClassifierResult:
    """A trained classifier and its figures.

    Attributes:
        run: The folder that it was saved in; of a training without one, it goes with this object.
        kind: `protected`, or `plain` if it was trained on plain images.
        new: Whether it was trained now, and not found finished.
    """

    run: RunFolder = field(repr=False)
    kind: str
    new: bool

    @property
    def figures(self) -> dict[str, Any]:
        """Every figure, with its count; see `metrics.json`."""
        return self.run.metrics()["classify"][self.kind]

    @property
    def accuracy(self) -> float:
        """The share of test images, protected as the training's were, that it gets right."""
        return self.figures["test_accuracy"]

    @property
    def folder(self) -> Path:
        """Its SavedModel, see `tfppdnn.exporting.classifier`."""
        return self.run.path / ("classifier" if self.kind == "protected" else "classifier_plain")

    def in_short(self) -> dict[str, Any]:
        """The accuracies that its folder has, of both kinds, and what they were measured on."""
        finished = self.run.metrics()["classify"]
        accuracies = {
            f"accuracy_{kind}": finished[kind]["test_accuracy"]
            for kind in ("protected", "plain")
            if kind in finished
        }
        return {**accuracies, "test_images": self.figures["test_images"]}

    def classify(self, images: np.ndarray) -> np.ndarray:
        """Names the classes of uint8 [N, H, W, 3] images, protected ones if it was trained so.

        Returns:
            int64 [N].
        """
        return self._recogniser(images)

    @cached_property
    def _recogniser(self) -> SavedModelRecogniser:
        # Beside the measures, which take half a second to import.
        from tfppdnn.leakage.recogniser import SavedModelRecogniser

        return SavedModelRecogniser(self.folder)


def fit_classifier(
    protector: Any = None,
    dataset: AnyDataset | None = None,
    *,
    plain: bool = False,
    preset: str | None = None,
    settings: RunSettings | Mapping[str, Any] | None = None,
    out: str | os.PathLike[str] | None = None,
    seed: int | None = None,
    data_dir: str | None = None,
    skip_bad: bool = False,
) -> ClassifierResult:
    """Trains ResNet-18 on protected images only, and saves it for serving.

    Training images are cropped and flipped at random, then protected, then rounded to 8 bits, as
    a client would upload them; test images are protected. A protector that draws noise protects
    each image once, as it is: every further time would tell as much again. Where TF_CONFIG is set,
    the workers that it names train together; see docs/scale.md.

    Args:
        protector: A protector, see `tfppdnn.Protector.of`; None for plain images.
        dataset: Plain images and labels, see `tfppdnn.datasets.load_dataset`. None for those
            that the protector was trained on, if it is a run folder, or the digits.
        plain: Whether to train on plain images instead, to see what protection costs.
        preset: As for `tfppdnn.train`, but a run's images keep their size; None for what the run
            has, or `quick`.
        settings: The classifier's options that differ, as in `{"classifier_epochs": 20}`; or
            whole settings, without a preset.
        out: The folder to save in; that of the protector's own run is fine. The same call goes on
            with a training that was stopped, and does nothing when it is done. Without one, what
            is made goes with the result.
        seed: Seed of weights, order and augmentation; None for the run's own, or 0.
        data_dir: A tensorflow-datasets directory.
        skip_bad: Whether a folder's images that cannot be read are named on stderr and left out;
            they are, if they were for the protector's own run.

    Returns:
        The classifier.

    Raises:
        UserError: There is no such protector or data set, plain images are given to a network that
            is made for codes, the training was begun with other
            settings or diverged, or the protector fails.
        WorkerLostError: Another worker was lost; all are to be started again.
    """
    protector = Protector.of("plain" if protector is None else protector)
    identity = protector.identity
    plain = plain or identity == "plain"
    own = RunFolder(protector.run) if protector.run else None
    config = own.config() if own else {"dataset": {"name": "digits"}, "preset": "quick", "seed": 0}
    dataset = config["dataset"]["name"] if dataset is None else dataset
    settings, preset = chosen(
        settings,
        preset,
        kind=RunSettings,
        make=partial(_classifier_settings, config.get("settings")),
        otherwise=config.get("preset"),
    )
    if plain and settings.classifier.network == "dense":
        raise UserError(
            "--plain: the dense network reads drawn codes, and would make plain images look worse "
            "than they are; add --preset=cpu, whose ResNet-18 is what to compare with"
        )
    kind = "plain" if plain else "protected"
    seed = config["seed"] if seed is None else checked_seed(seed)
    skip_bad = skip_bad or config.get("skip_bad", False)

    with workers.taking_part():
        run = RunFolder.shared(out)
        import_tensorflow()
        new = kind not in run.metrics().get("classify", {})
        if new:
            workers.join()
        images = load_dataset(
            dataset,
            data_dir=data_dir or config.get("data_dir"),
            image_size=settings.data.image_size,
            # Of a folder's images, the same are held out as when h_p was trained.
            seed=config["seed"] if own else seed,
            skip_bad=skip_bad,
        )
        say_if_divided_otherwise(config["dataset"] if own else None, images.summary())
        with owned(run.path):
            if own and run.path.resolve() == own.path.resolve():
                if images.summary() != config["dataset"]:
                    raise UserError(
                        f"--dataset={name_of(dataset)}: not the images that {own.path} was trained "
                        "on, or divided otherwise; give their --data_dir, or another --out"
                    )
            else:
                run.claim(
                    verb="classify",
                    protector=identity,
                    settings=settings.options(*OF_STAGE["classifier"]),
                    dataset=images.summary(),
                    seed=seed,
                    data_dir=data_dir or config.get("data_dir"),
                    skip_bad=skip_bad,
                    preset=preset,
                )
            train_classifier(
                run,
                images,
                Protector.of("plain") if plain else protector,
                settings=settings,
                seed=seed,
                kind=kind,
            )
    return ClassifierResult(run, kind, new)


# The other objective has a network that takes sizes of its own only.
_ANY_SIZE = {"objective": "cyclegan"}


def _classifier_settings(
    of_run: Mapping[str, Any] | None, preset: str | None, options: Mapping[str, Any]
) -> RunSettings:
    """A run's settings, with a preset's classifier in place of its own, and with options."""
    # Without a run nothing is trained but the classifier: its pictures may be of any size.
    own = make_settings("quick", _ANY_SIZE) if of_run is None else recorded(of_run)
    known = own.options(*OF_STAGE["classifier"])
    for option in options:
        if option not in known:
            raise UserError(f"--{option}: not an option of classify; it has {', '.join(known)}")
    if preset is not None:
        # But for its images, which are the same whatever is learnt from them.
        groups = [name for name in OF_STAGE["classifier"] if name != "data" or of_run is None]
        own = own.replaced(make_settings(preset).options(*groups))
    return own.replaced(options)
