"""The parts of an experiment: each is made by one call, in a folder of its own, once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tfppdnn.protector.protector import Protector
from tfppdnn.settings import OF_STAGE, TrainingSettings
from tfppdnn.settings.audit import AuditSettings


@dataclass(frozen=True, kw_only=True)
class Part:
    """A training, a classifier or an audit.

    Attributes:
        verb: The verb of the command line that makes the same.
        folder: Where it goes.
        options: Its options there, but for the folder.
        make: Makes it, or what is missing of it.
    """

    verb: str
    folder: Path
    options: Mapping[str, Any]
    make: Callable[[], Any]


@dataclass(frozen=True, kw_only=True)
class Parts:
    """What all parts of an experiment have in common.

    Attributes:
        preset: Name of the preset that settings were made from.
        seed: Seed of all trainings.
        data_dir: A tensorflow-datasets directory.
        trust: Whether protectors may be SavedModels, which are programs.
        skip_bad: Whether a folder's images that cannot be read are left out.
    """

    preset: str
    seed: int
    data_dir: str | None
    trust: bool = False
    skip_bad: bool = False

    def trained(
        self,
        dataset: str,
        settings: TrainingSettings,
        folder: Path,
        *,
        reuse: str | None = None,
        options: Mapping[str, Any],
    ) -> Part:
        """The training of a protector.

        Args:
            dataset: As for `train`.
            settings: Of the training.
            folder: Where it goes.
            reuse: The run whose first stages it starts from.
            options: What in the settings differs from the preset's.
        """
        from tfppdnn.protection.pipeline import train

        make = partial(
            train,
            dataset,
            preset=self.preset,
            settings=settings.options(),
            out=folder,
            seed=self.seed,
            data_dir=self.data_dir,
            skip_bad=self.skip_bad,
            reuse=reuse,
        )
        said = {**self._common(dataset), **options, "reuse": reuse}
        return Part(verb="train", folder=folder, options=said, make=make)

    def classified(
        self,
        protector: str,
        dataset: str,
        settings: TrainingSettings,
        folder: Path,
        *,
        plain: bool = False,
        options: Mapping[str, Any],
    ) -> Part:
        """The training of a classifier of protected images; see `trained`."""
        from tfppdnn.classification.fit import fit_classifier

        known = settings.options(*OF_STAGE["classifier"])

        def make() -> Any:
            return fit_classifier(
                self._protector(protector),
                dataset,
                plain=plain,
                preset=self.preset,
                settings=known,
                out=folder,
                seed=self.seed,
                data_dir=self.data_dir,
                skip_bad=self.skip_bad,
            )

        said = self._of_protector(protector, dataset)
        said |= {name: value for name, value in options.items() if name in known}
        return Part(verb="classify", folder=folder, options=said, make=make)

    def audited(
        self,
        protector: str,
        dataset: str,
        settings: AuditSettings,
        folder: Path,
        *,
        attacks: tuple[str, ...],
        recogniser: str | None,
        options: Mapping[str, Any],
    ) -> Part:
        """The attacks on a protector; see `trained`."""
        from tfppdnn.audit.auditing import audit

        known = settings.options()

        def make() -> Any:
            return audit(
                self._protector(protector),
                dataset,
                attacks=list(attacks),
                preset=self.preset,
                settings=known,
                recogniser=recogniser,
                out=folder,
                seed=self.seed,
                data_dir=self.data_dir,
                skip_bad=self.skip_bad,
            )

        said = self._of_protector(protector, dataset)
        said |= {name: value for name, value in options.items() if name in known}
        said |= {"attacks": attacks, "recogniser": recogniser}
        return Part(verb="audit", folder=folder, options=said, make=make)

    def _protector(self, name: str) -> Protector:
        # Not before the part is made, for it may be a folder that an earlier part makes.
        return Protector.named(name, trust=self.trust)

    def _of_protector(self, name: str, dataset: str) -> dict[str, Any]:
        trusted = {"trust": True} if self.trust else {}
        return {"protector": name, **self._common(dataset), **trusted}

    def _common(self, dataset: str) -> dict[str, Any]:
        return {
            "dataset": dataset,
            "data_dir": self.data_dir,
            "preset": self.preset,
            "seed": self.seed,
            **({"skip_bad": True} if self.skip_bad else {}),
        }
