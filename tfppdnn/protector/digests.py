"""Digests beside exported files, so that a changed bit is noticed before anything is protected.

They stand in `SHA256SUMS`, which `sha256sum -c` reads, too. A network of which a bit was flipped
still loads, and protects otherwise. Against somebody who writes to the folder they are no help.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.files import digest_of, write_text

SUMS = "SHA256SUMS"


def record_digest(folder: Path, name: str) -> None:
    """Writes the digest of a file, or of every file of a folder, over what was said of it.

    Args:
        folder: Where `SHA256SUMS` stands.
        name: A file or folder in it.

    Raises:
        UserError: The folder cannot be written to.
    """
    _write(folder, _without(folder, name) | dict(_digests(folder, folder / name)))


def forget_digest(folder: Path, name: str) -> None:
    """Removes what is said of a file or folder: before it is replaced, as that may be cut short.

    Raises:
        UserError: The folder cannot be written to.
    """
    known = _read(folder)
    if known and (others := _without(folder, name)) != known:
        _write(folder, others)


def check_digest(path: Path) -> None:
    """Compares a file, or all of a folder, with the digests beside, above or in it, if any.

    Raises:
        UserError: One differs, is missing, or was not there when they were written.
    """
    # A saved protector keeps those of its folders' files beside the folders.
    for folder in (path.parent, path.parent.parent):
        name = path.relative_to(folder).as_posix()
        known = {one: digest for one, digest in _read(folder).items() if _is_of(one, name)}
        _compare(folder, path, known)
    if path.is_dir():
        _compare(path, path, _read(path))


def _compare(folder: Path, path: Path, known: dict[str, str]) -> None:
    if not known:
        return
    try:
        found = dict(_digests(folder, path))
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    wrong = sorted(name for name in known | found if known.get(name) != found.get(name))
    if wrong:
        raise UserError(
            f"{folder / wrong[0]} is not what was exported: its digest is not that in {SUMS}; "
            "write it again with `export`, or copy it again"
        )


def _digests(folder: Path, path: Path) -> Iterator[tuple[str, str]]:
    files = sorted(path.rglob("*")) if path.is_dir() else [path]
    for file in files:
        if file.is_file() and file.name != SUMS:
            yield file.relative_to(folder).as_posix(), digest_of(file)


def _without(folder: Path, name: str) -> dict[str, str]:
    return {known: digest for known, digest in _read(folder).items() if not _is_of(known, name)}


def _is_of(known: str, name: str) -> bool:
    return known == name or known.startswith(f"{name}/")


def _read(folder: Path) -> dict[str, str]:
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    return {name: digest for digest, _, name in (line.partition("  ") for line in lines) if name}


def _write(folder: Path, digests: dict[str, str]) -> None:
    lines = [f"{digest}  {name}\n" for name, digest in sorted(digests.items())]
    write_text(folder / SUMS, "".join(lines))
