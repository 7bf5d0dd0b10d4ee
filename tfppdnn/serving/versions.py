"""Which versions of the model are there, and which of them answer."""

from __future__ import annotations

import contextlib
import dataclasses
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import grpc

from tfppdnn.serving.refusal import Refusal, invalid


@dataclasses.dataclass
class ModelVersion:
    """One version, from its first sight on.

    Attributes:
        number: Its number.
        state: As TensorFlow Serving names it: START, LOADING, AVAILABLE, UNLOADING or END.
        error: Why it could not be loaded; empty if it could.
        model: What answers, while it is in memory; a `ServedModel`.
        uses: The number of requests that hold it.
    """

    number: int
    state: str = "START"
    error: str = ""
    model: Any = None
    uses: int = 0


class ModelVersions:
    """Keeps in memory the newest version that can be loaded, and those with a label.

    A new version is loaded beside the old one, then takes over; the old one goes when the
    last request that holds it is answered. A folder is loaded only if nothing in it has
    changed from one look to the next, so that no half-copied model is served; if loading
    fails, it is tried again after the next change.

    Args:
        name: The model's name.
        find: Returns the folder of each version that is there.
        load: Loads a folder; may raise anything.
        labels: Names of versions, such as {"stable": 3}.
    """

    def __init__(
        self,
        name: str,
        find: Callable[[], Mapping[int, Path]],
        load: Callable[[Path], Any],
        *,
        labels: Mapping[str, int] | None = None,
    ):
        self.name = name
        self._find = find
        self._load = load
        self._labels = dict(labels or {})
        self._versions: dict[int, ModelVersion] = {}
        self._seen: dict[int, Any] = {}
        self._failed: dict[int, Any] = {}
        self._lock = threading.Lock()

    def poll(self, *, at_once: bool = False) -> None:
        """Looks for new versions; loads and retires.

        Args:
            at_once: Whether to load what has not been looked at before.
        """
        found = self._find()
        kept = set()
        for version in sorted(found, reverse=True):
            if self._is_available(version) or self._try(version, found[version], at_once):
                kept.add(version)
                break
        for version in set(self._labels.values()) & found.keys() - kept:
            if self._is_available(version) or self._try(version, found[version], at_once):
                kept.add(version)
        if kept:
            self._retire_all_but(kept)

    def available(self) -> list[int]:
        """Returns the numbers of the versions that answer, the newest first."""
        with self._lock:
            return sorted((v for v in self._versions if self._answers(v)), reverse=True)

    @contextlib.contextmanager
    def use(
        self, name: str, *, version: int | None = None, label: str | None = None
    ) -> Iterator[ModelVersion]:
        """Yields a version (the newest if none is named), and keeps its model in memory.

        Raises:
            Refusal: There is no such model, version or label.
        """
        with self._lock:
            served = self._versions[self._number(name, version, label)]
            served.uses += 1
        try:
            yield served
        finally:
            with self._lock:
                served.uses -= 1
                _forget_if_idle(served)

    def status(
        self, name: str, *, version: int | None = None, label: str | None = None
    ) -> list[ModelVersion]:
        """Returns what is known of one version, or of all.

        Raises:
            Refusal: There is no such model, version or label.
        """
        with self._lock:
            if label is not None and name == self.name:
                version = self._labelled(label)
            known = self._versions if name == self.name else {}
            if version is not None and version not in known:
                raise _not_found(f"Could not find version {version} of model {_cut(name)}")
            if not known:
                raise _not_found(f"Could not find any versions of model {_cut(name)}")
            chosen = sorted(known, reverse=True) if version is None else [version]
            return [dataclasses.replace(known[v], model=None) for v in chosen]

    def _number(self, name: str, version: int | None, label: str | None) -> int:
        if name == self.name:
            if label is not None:
                version = self._labelled(label)
            available = [v for v in self._versions if self._answers(v)]
            if version is None and available:
                return max(available)
            if version in available:
                return version
        shown = _cut(name)
        wanted = f"Latest({shown})" if version is None else f"Specific({shown}, {version})"
        raise _not_found(f"Servable not found for request: {wanted}")

    def _labelled(self, label: str) -> int:
        if label not in self._labels:
            raise invalid(f"Unrecognized servable version label: {_cut(label)}")
        return self._labels[label]

    def _answers(self, version: int) -> bool:
        return self._versions[version].state == "AVAILABLE"

    def _is_available(self, version: int) -> bool:
        with self._lock:
            return version in self._versions and self._answers(version)

    def _try(self, version: int, path: Path, at_once: bool) -> bool:
        content = _content(path)
        unchanged = self._seen.get(version) == content
        self._seen[version] = content
        if not (unchanged or at_once) or content is None or self._failed.get(version) == content:
            return False
        with self._lock:
            # A retired version that comes back is a new one: old requests may still hold it.
            served = self._versions[version] = ModelVersion(version, "LOADING")
        try:
            model = self._load(path)
        except Exception as error:
            self._failed[version] = content
            with self._lock:
                served.state, served.error = "END", f"{type(error).__name__}: cannot be loaded"
            return False
        with self._lock:
            served.model, served.state = model, "AVAILABLE"
        return True

    def _retire_all_but(self, kept: set[int]) -> None:
        with self._lock:
            for version, served in self._versions.items():
                if self._answers(version) and version not in kept:
                    served.state = "UNLOADING"
                    _forget_if_idle(served)


def _forget_if_idle(served: ModelVersion) -> None:
    if served.state == "UNLOADING" and not served.uses:
        served.state, served.model = "END", None


def _content(path: Path) -> Any:
    """What tells whether a folder has changed; None while it cannot be a whole SavedModel."""
    if not (path / "saved_model.pb").is_file():
        return None
    try:
        files = sorted(file for file in path.rglob("*") if file.is_file())
        return [(file, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    except OSError:  # a file has just gone away
        return None


def _not_found(message: str) -> Refusal:
    return Refusal(grpc.StatusCode.NOT_FOUND, message)


def _cut(text: str) -> str:
    """Shortens what a client has sent: gRPC delivers no reason of more than 16 kB."""
    return text if len(text) <= 100 else f"{text[:100]}..."
