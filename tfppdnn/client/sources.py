"""Which images a client is asked for, and what their protected versions are called."""

from __future__ import annotations

import functools
import glob
import itertools
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from tfppdnn.errors import UserError
from tfppdnn.images.formats import KINDS, SUFFIXES


class ImageSource:
    """The images of a file, a folder tree or a glob pattern, found anew at each iteration.

    Hidden files and folders are left out, links to folders are not followed, and whatever
    lies in the destination does not count. Of a pattern only the files it matches count.

    Args:
        source: The file, folder or pattern.
        destination: Where the protected images will go; need not exist yet. None if they
            are not written.

    Raises:
        UserError: There is no such file or folder, or the pattern cannot be mirrored.
    """

    def __init__(self, source: str | os.PathLike[str], *, destination: Path | None):
        if not os.fspath(source):  # Path("") would be the current folder, with all in it
            raise UserError(
                "the name of the images is empty, as from a shell variable that is not set; name "
                "an image, a folder ('.' is the current one) or a quoted pattern"
            )
        self._source = os.path.expanduser(source)  # noqa: PTH111  (a pattern is no path)
        self._destination = destination
        self._passed_by = functools.lru_cache(maxsize=256)(self._is_passed_by)
        self._mirrored = functools.lru_cache(maxsize=256)(self._mirrored_folder)
        self._kept_whole = functools.lru_cache(maxsize=256)(_names_kept_whole_in)
        self.left_out: Counter[str] = Counter()
        """Suffixes of the files without an image's suffix that the latest iteration passed by."""
        self.unreadable: list[Path] = []
        """Folders that the latest iteration could not list."""
        self.root = self._find_root()
        """The folder whose structure the destination mirrors."""

    def __iter__(self) -> Iterator[Path]:
        """Yields the images one by one."""
        return (folder / name for folder, name in self._images())

    def count(self) -> int:
        """How many images there are."""
        return sum(1 for _ in self._images())

    def _images(self) -> Iterator[tuple[Path, str]]:
        """Folders and names: in a large folder, making paths of them is most of the work."""
        self.left_out = Counter()
        self.unreadable = []
        for folder, name in self._candidates():
            suffix = _suffix(name)
            if suffix in SUFFIXES:
                yield folder, name
            else:
                self.left_out[suffix] += 1

    def lies_in_destination(self) -> bool:
        """Tells whether the destination is or contains the folder of the plain images."""
        return _contains(self._destination, self.root)

    def output(self, image: Path) -> Path:
        """Returns where the protected version of `image` goes.

        `a/photo.jpg` becomes `a/photo.png`. Where a folder's images differ in the suffix
        only, they keep it: `photo.jpg.png`, `photo.webp.png`. The name depends on all
        images of the folder, not on the chosen ones, so that no other call hits it.
        """
        folder, name = image.parent, image.name
        return self._mirrored(folder) / _output_name(name, whole=name in self._kept_whole(folder))

    def _mirrored_folder(self, folder: Path) -> Path:
        assert self._destination is not None, "the images are not written"
        return self._destination / folder.relative_to(self.root)

    def _find_root(self) -> Path:
        source = Path(self._source)
        if os.path.isdir(source):  # noqa: PTH112  (Path.is_dir may raise PermissionError)
            return source
        if os.path.lexists(source):
            if source.suffix.lower() not in SUFFIXES:
                raise UserError(
                    f"{source} is not named like an image; convert it to JPEG or PNG (if it is "
                    f"{KINDS}, give it one of their suffixes: {', '.join(sorted(SUFFIXES))})"
                )
            return source.parent
        if not glob.has_magic(self._source):
            raise UserError(
                f"{source} does not exist; SRC is an image, a folder or a quoted pattern "
                "such as 'photos/*.jpg'"
            )
        parts = source.parts
        fixed = next(index for index, part in enumerate(parts) if glob.has_magic(part))
        if ".." in parts[fixed:]:
            raise UserError(f"{source} has '..' after a wildcard; write the folder out instead")
        root = Path(*parts[:fixed])
        if not os.path.isdir(root):  # noqa: PTH112
            raise UserError(
                f"{source} matches nothing, since there is no folder {root}; mend what stands "
                "before the first wildcard"
            )
        return root

    def _candidates(self) -> Iterator[tuple[Path, str]]:
        source = Path(self._source)
        if os.path.isdir(source):  # noqa: PTH112
            yield from self._tree(source)
        elif os.path.lexists(source):
            yield source.parent, source.name
        else:
            for name in glob.iglob(self._source, recursive=True):  # noqa: PTH207
                path = Path(name)
                if not path.is_dir() and not self._passed_by(path.parent):
                    yield path.parent, path.name

    def _tree(self, root: Path) -> Iterator[tuple[Path, str]]:
        def note(error: OSError) -> None:
            self.unreadable.append(Path(error.filename))

        for name, folders, files in os.walk(root, onerror=note):
            folder = Path(name)
            if self._passed_by(folder):
                folders.clear()
                continue
            folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
            for file in sorted(files):
                if not file.startswith("."):
                    yield folder, file

    def _is_passed_by(self, folder: Path) -> bool:
        parents = (folder, *folder.parents)
        below_root = itertools.takewhile(lambda parent: parent != self.root, parents)
        return any(parent.is_symlink() for parent in below_root) or _contains(
            self._destination, folder
        )


def names_kept_whole(names: Iterable[str]) -> frozenset[str]:
    """Finds the images of one folder that keep their suffix in the output's name.

    Args:
        names: Names of all images of the folder.

    Returns:
        As few of them as it takes to give every image an output of its own, also on a
        file system that does not tell upper from lower case.
    """
    names = list(names)
    whole: set[str] = set()
    while True:
        outputs = [_output_name(name, whole=name in whole).casefold() for name in names]
        count = Counter(outputs)
        clashing = {name for name, output in zip(names, outputs, strict=True) if count[output] > 1}
        if clashing <= whole:
            return frozenset(whole)
        whole |= clashing


def _names_kept_whole_in(folder: Path) -> frozenset[str]:
    try:
        names = os.listdir(folder)  # noqa: PTH208  (names are all that is needed)
    except OSError:  # a folder that may be entered but not listed
        return frozenset()
    return names_kept_whole(
        name for name in names if _suffix(name) in SUFFIXES and not name.startswith(".")
    )


def _output_name(name: str, *, whole: bool) -> str:
    return f"{name}.png" if whole else f"{os.path.splitext(name)[0]}.png"  # noqa: PTH122


def _suffix(name: str) -> str:
    return os.path.splitext(name)[1].lower()  # noqa: PTH122


def _contains(outer: Path | None, inner: Path) -> bool:
    if outer is None:
        return False
    inner = inner.resolve()
    # `samefile` sees through links and through file systems that ignore case.
    return outer.exists() and any(parent.samefile(outer) for parent in (inner, *inner.parents))
