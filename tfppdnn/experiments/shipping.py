"""Makes a protector that ships with the package from a finished run."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfppdnn.audit.folder import ATTACKS, audit_folder
from tfppdnn.errors import UserError
from tfppdnn.experiments.model_card import collect_card, write_card
from tfppdnn.files import digest, holds_others, read_json, write_json, written_whole
from tfppdnn.run_folder import MAKING, RunFolder
from tfppdnn.settings import recorded
from tfppdnn.writing import size

# Of each file: everybody who installs the package downloads them.
LARGEST_BYTES = 10_000_000

INT8 = "protector_int8.tflite"

# What a shipped protector consists of, and so all that may be there when it is made again.
_OURS = {"protector_fp16.tflite", "protector.keras", INT8, "card.json", "CARD.md"}


def ship(
    run: str | os.PathLike[str],
    folders: Sequence[str | os.PathLike[str]] = (),
    *,
    out: str | os.PathLike[str],
    hours: float | None = None,
    comparison: str | os.PathLike[str] | None = None,
    int8: str | os.PathLike[str] | None = None,
) -> dict[str, Any]:
    """Writes `protector_fp16.tflite`, `protector.keras`, `card.json` and `CARD.md`.

    Args:
        run: A finished run folder made by `train`.
        folders: Of `audit` and `classify` with its protector.
        out: The folder to write or to replace; its name is what the protector ships as.
        hours: That the training took.
        comparison: A file of what `compare_named` of `comparison` returned of this run, or of what
            was shipped of it, and a second one of the same command.
        int8: A file of what the run's `protector_int8.tflite` keeps, as `results/photos_int8.py`
            writes it. Then that file ships, too.

    Returns:
        `bytes` and `sha256` of each file of the protector, by name.

    Raises:
        UserError: The run is not finished, a folder is of something else, or the files are
            too large.
    """
    folder, out = RunFolder(run), Path(out)
    if holds_others(out, _OURS):
        raise UserError(f"--out={out}: holds something else than a protector that was shipped")
    sources = [folder.path / "protector_fp16.tflite", folder.protector]
    tflite = folder.path / "protector.tflite"
    if "train" not in folder.metrics() or not all(file.is_file() for file in (*sources, tflite)):
        raise UserError(f"{run}: its training has not finished; run the same train command again")
    kept = None if int8 is None else kept_in_int8(int8, folder.path)
    with written_whole(out) as temporary:
        temporary.mkdir()
        files = [temporary / source.name for source in sources]
        shutil.copyfile(sources[0], files[0])
        compress_keras_file(sources[1], files[1])
        if kept is not None:
            files.append(temporary / INT8)
            shutil.copyfile(folder.path / INT8, files[-1])
        _refuse_too_large(run, files)
        # Under whichever name it was audited: as a run, as one of its files, or as shipped.
        own = {digest(*files[:2]), *map(digest, (tflite, *sources, files[1]))}
        audits, classifiers = audits_and_classifiers(folders, own)
        second = None if comparison is None else _second_making(comparison, own, folder.config())
        card = collect_card(
            out.resolve().name,
            folder,
            audits=audits,
            classifiers=classifiers,
            hours=hours,
            comparison=second,
            int8=kept,
        )
        card["files"] = {file.name: _described(file) for file in files}
        write_json(temporary / "card.json", card)
        write_card(temporary)
    return card["files"]


def _second_making(
    comparison: str | os.PathLike[str], own: set[str], config: dict[str, Any]
) -> dict[str, Any]:
    """Reads a comparison and adds `second`, how the other run was made.

    A card says on its strength that the command gives the protector again; so the other one must
    be another run, and of the same command.
    """
    found = read_json(comparison)
    compared = {"protectors", "made"} <= found.keys()
    pairs = zip(found["protectors"], found["made"], strict=True) if compared else ()
    others = [made for protector, made in pairs if protector not in own]
    if len(others) != 1 or others[0] is None:
        raise UserError(
            f"{comparison}: not a comparison of this run with another run; make one by `python -m "
            "tfppdnn.experiments compare`"
        )
    for part in MAKING:
        one, other = others[0][part], config[part]
        if part == "settings":
            # A record that is older than an option was made as by its default.
            one, other = recorded(one), recorded(other)
        if one != other:
            raise UserError(
                f"{comparison}: the other run has another {part}; repeat the command of this one"
            )
    return {**found, "second": others[0]}


def kept_in_int8(figures: str | os.PathLike[str], folder: Path) -> dict[str, Any]:
    """Reads what an 8-bit file keeps, and makes sure that it was this file.

    Args:
        figures: A file that `results/photos_int8.py` has written.
        folder: Where the 8-bit file stands: a run, or a shipped protector.

    Raises:
        UserError: They are not of this file.
    """
    found, file = read_json(figures), folder / INT8
    if not file.is_file() or not isinstance(found, dict) or found.get("protector") != digest(file):
        raise UserError(f"{figures}: not figures of {file}; make them by results/photos_int8.py")
    return found


def compress_keras_file(source: Path, destination: Path) -> None:
    """Writes a `.keras` file again, smaller: Keras stores its parts as they are.

    The parts are the same to the byte, and so is the file whenever it is made.

    Args:
        source: A `.keras` file.
        destination: Where the smaller one shall stand.
    """
    with zipfile.ZipFile(source) as stored, zipfile.ZipFile(destination, "w") as compressed:
        for part in stored.infolist():
            compressed.writestr(part, stored.read(part), zipfile.ZIP_DEFLATED, compresslevel=9)


def _refuse_too_large(run: str | os.PathLike[str], files: Sequence[Path]) -> None:
    sizes = [file.stat().st_size for file in files]
    if max(sizes) > LARGEST_BYTES:
        written = " and ".join(
            f"{file.name} {size(length)}" for file, length in zip(files, sizes, strict=True)
        )
        raise UserError(
            f"{run}: {written}: none may be more than {size(LARGEST_BYTES)}; train a narrower "
            "protector"
        )


def audits_and_classifiers(
    folders: Sequence[str | os.PathLike[str]], own: set[str]
) -> tuple[list[RunFolder], list[RunFolder]]:
    """Tells audits from classifiers, and refuses those of other protectors.

    Args:
        folders: Of `audit` and `classify`.
        own: What the protector is called in their records.

    Raises:
        UserError: One is of something else, or not finished.
    """
    audits, classifiers = [], []
    for path in folders:
        config = RunFolder(path).config()
        verb, protector = config.get("verb"), config.get("protector")
        audit, classifier = audit_folder(path), RunFolder(path)
        if verb == "audit" and protector in own and ATTACKS in audit.metrics():
            audits.append(audit)
        # Classifiers of plain pictures are what to compare with, whoever trained them.
        elif verb in classifier.metrics() and protector in {*own, "plain"}:
            classifiers.append(classifier)
        else:
            raise UserError(
                f"{path}: not a finished audit, nor a classifier, of this protector; leave "
                "it out, or make it again"
            )
    return audits, classifiers


def _described(file: Path) -> dict[str, Any]:
    content = file.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
