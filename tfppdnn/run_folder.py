"""A run folder: everything one `train` makes, under the names that others rely on."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from importlib import metadata
from pathlib import Path
from typing import Any

import tfppdnn
from tfppdnn import workers
from tfppdnn.errors import UserError
from tfppdnn.files import read_json, user_path, write_json
from tfppdnn.run_record import Config, Metrics, Part, read_record
from tfppdnn.settings import recorded

MAKING = ("preset", "settings", "seed", "dataset")
"""Parts of `config.json` that two runs of one command have in common."""

_PACKAGES = ("tensorflow", "keras", "numpy", "scikit-image", "ai-edge-litert")


class RunFolder:
    """A folder with `config.json`, `metrics.json`, checkpoints, logs, figures and exports.

    Args:
        path: The folder; it is made when something is first written.
        record: Name of the file that figures are recorded in.
        holds: What that file holds.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        record: str = "metrics.json",
        holds: type[Part] = Metrics,
    ):
        self.path = user_path(path)
        self._record, self._holds = self.path / record, holds

    @classmethod
    def temporary(cls, **record: Any) -> RunFolder:
        """Makes a folder that is deleted when nobody holds it any more; see `RunFolder`."""
        kept = tempfile.TemporaryDirectory(prefix="tfppdnn-")
        run = cls(kept.name, **record)
        run._kept = kept
        return run

    @classmethod
    def shared(cls, path: str | Path | None) -> RunFolder:
        """A folder that all workers know, or without a path a temporary one of this process.

        Raises:
            UserError: There are several workers, and no path.
        """
        if path is not None:
            return cls(path)
        if workers.here() != workers.ALONE:
            raise UserError("out is missing: several workers need a folder that all of them see")
        return cls.temporary()

    def expect(
        self,
        *,
        settings: dict[str, Any],
        dataset: dict[str, Any],
        seed: int,
        verb: str = "train",
        protector: str | None = None,
    ) -> None:
        """Checks that a run can be started here, or that this is the run that was started.

        One that was claimed and then refused, so that nothing was made, may be started anew.

        Args:
            settings: What the run depends on, by option.
            dataset: The data set's summary, or what is known of it.
            seed: The seed.
            verb: What makes the run.
            protector: The digest of the protector that it is made with, if there is one.

        Raises:
            UserError: The folder holds a run with other settings, or something else, or
                cannot be written to.
        """
        if (self.path / "config.json").exists():
            config = self.config()
            if self._made_something():
                self._refuse_other(_identity(seed, dataset, settings, verb, protector), config)
        elif self.path.exists() and (not self.path.is_dir() or self._holds_something()):
            raise UserError(
                f"--out={self.path}: not empty, and not a run folder; give another folder"
            )
        elif workers.is_chief():
            _check_writable(self.path)

    def claim(
        self,
        *,
        preset: str | None = None,
        data_dir: str | None = None,
        skip_bad: bool = False,
        later: dict[str, Any] | None = None,
        **identity: Any,
    ) -> None:
        """Starts or resumes a run: writes `config.json`, or checks that it is the same run.

        Of several workers the chief writes, and the others check that theirs is the same run.

        Args:
            preset: Name of the preset that the settings were made from, to be recorded.
            data_dir: Where the data set was read from, for later verbs; it may move.
            skip_bad: Whether images that cannot be read were left out, for later verbs.
            later: Further settings, by option, that this run does not depend on: defaults for
                what is made from it. They may differ from call to call.
            identity: See `expect`.

        Raises:
            UserError: See `expect`; or a worker does not see the chief's folder.
            WorkerLostError: Another worker was lost.
        """
        if not workers.is_chief():
            workers.wait()
            if not (self.path / "config.json").is_file():
                raise UserError(
                    f"--out={self.path}: the chief's run is not to be seen here; give all workers "
                    "one folder, on a file system that they share"
                )
            self._refuse_other(_identity(**identity), self.config())
            return
        self._claim(preset, data_dir, skip_bad, later, identity)
        workers.wait()

    def _claim(
        self,
        preset: str | None,
        data_dir: str | None,
        skip_bad: bool,
        later: dict[str, Any] | None,
        identity: dict[str, Any],
    ) -> None:
        self.expect(**identity)
        path = self.path / "config.json"
        if path.exists() and self._made_something():
            config = self.config()
            settings = {**config["settings"], **(later or {})}
            if settings != config["settings"]:
                write_json(path, {**config, "settings": settings})
            return
        if path.exists():
            for claimed in ("checkpoints", "logs"):
                shutil.rmtree(self.path / claimed, ignore_errors=True)
        settings = {**identity["settings"], **(later or {})}
        config = {"verb": "train", "protector": None, "preset": preset, **identity}
        config["settings"] = {name: _as_json(value) for name, value in settings.items()}
        config["data_dir"] = data_dir and str(user_path(data_dir).resolve())
        config["skip_bad"] = skip_bad
        write_json(path, {**config, "versions": versions(), "machine": machine()})

    def config(self) -> dict[str, Any]:
        """Reads `config.json`.

        Raises:
            UserError: The folder holds no run, or the file is damaged.
        """
        if not (self.path / "config.json").is_file():
            raise UserError(f"{self.path}: not a run folder (no config.json); make one with train")
        return read_record(self.path / "config.json", Config)

    def metrics(self) -> dict[str, Any]:
        """Reads `metrics.json`, or what stands in its place; empty before the first figure.

        Raises:
            UserError: The file is damaged.
        """
        return read_record(self._record, self._holds) if self._record.exists() else {}

    def record(self, stage: str, figures: dict[str, Any]) -> dict[str, Any]:
        """Adds figures to a stage's in `metrics.json`; returns all of that stage's."""
        metrics = self.metrics()
        metrics[stage] = {**metrics.get(stage, {}), **figures}
        write_json(self._record, metrics)
        return metrics[stage]

    def checkpoints(self, stage: str) -> Path:
        """The folder of a stage's resume state."""
        return self.path / "checkpoints" / stage

    def claim_stage(self, stage: str, settings: dict[str, Any]) -> None:
        """Starts or resumes a stage whose settings are not those of the run.

        Raises:
            UserError: The stage was begun with other settings.
        """
        path = self.checkpoints(stage) / "settings.json"
        if not path.exists():
            if workers.is_chief():
                write_json(path, settings)
            return
        begun = read_json(path)
        for name, value in settings.items():
            # Earlier versions did not have every setting.
            if begun.get(name, value) != value:
                raise UserError(
                    f"{stage} in {self.path} was begun with {name}: {begun[name]}, now it is "
                    f"{value}; give another --out, or delete {path.parent} to begin again"
                )

    def logs(self, stage: str) -> Path:
        """The folder of a stage's TensorBoard logs."""
        return self.path / "logs" / stage

    @property
    def protector(self) -> Path:
        """h_p as a Keras file, what `export` starts from."""
        return self.path / "checkpoints" / "protector.keras"

    @property
    def figures(self) -> Path:
        """The folder of PNG figures."""
        return self.path / "figures"

    def _holds_something(self) -> bool:
        return bool(self._entries())

    def _made_something(self) -> bool:
        """Whether there is more than what is written before anything is made."""
        if self._entries() - {"config.json", "checkpoints", "logs"}:
            return True
        claimed = {"settings.json", "seconds.json"}
        files = (file for part in ("checkpoints", "logs") for file in (self.path / part).rglob("*"))
        return any(file.is_file() and file.name not in claimed for file in files)

    def _entries(self) -> set[str]:
        # Hidden files are those of a file manager, or of a first call that was killed.
        return {each.name for each in self.path.iterdir() if not each.name.startswith(".")}

    def _refuse_other(self, wanted: dict[str, Any], found: dict[str, Any]) -> None:
        old = _identity(
            found["seed"],
            found["dataset"],
            _upgraded(found),
            found.get("verb"),
            found.get("protector"),
        )
        for name, value in wanted.items():
            if value != old.get(name):
                raise UserError(
                    f"--out={self.path}: a run with other settings ({name}: {old.get(name)} there, "
                    f"{value} now); give another folder, or every option that it was begun with"
                )


def _identity(seed, dataset, settings, verb="train", protector=None) -> dict[str, Any]:
    """What two runs must have in common to be the same, flat."""
    return {
        "verb": verb,
        "protector": protector,
        "seed": seed,
        **{f"dataset {name}": value for name, value in dataset.items()},
        **{name: _as_json(value) for name, value in settings.items()},
    }


def _upgraded(config: dict[str, Any]) -> dict[str, Any]:
    """Settings of any version, as they are called now."""
    settings = config["settings"]
    if config.get("verb", "train") in ("train", "classify", "frontier"):
        settings = {**settings, **recorded(settings).options()}
    return settings


def _as_json(value: Any) -> Any:
    # Through JSON and back, a tuple is a list.
    return list(value) if isinstance(value, tuple) else value


def _check_writable(path: Path) -> None:
    # Nothing is made here: a call that is refused later must not leave an empty run behind.
    there = path.absolute()
    while not os.path.lexists(there):
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise UserError(f"--out={path}: {error.strerror}; give another folder") from error


def machine() -> dict[str, Any]:
    """What a time or a rounding error may depend on: processor, cores and system."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "system": platform.system(),
        "machine": platform.machine(),
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that a result depends on."""
    found = {"python": platform.python_version(), "tfppdnn": tfppdnn.__version__}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = "not installed"
    return found
