"""From a name to what it names: one word or path for every protector.

A name is one of

- a protector that comes with the package: `cifar10`;
- a run folder made by `train`, a folder that `Protector.save` has written, a `.tflite` file, a
  `.keras` file, or a SavedModel folder;
- a cipher: `tanaka`, `pixel_same`, `pixel_different`, `ele`, `etc`; with a key, `tanaka:1234`;
- a baseline: `plain`, `blur:2`, `pixelate:4`, `pca:96`, `label:FOLDER`;
- a Python function or object: `package.module:name` or `folder/file.py:name`.

A text that is the name of a shipped protector, a cipher or a baseline is just that, whatever
files there are: a folder of that name is `./tanaka`. A `pathlib.Path` is always a path.
"""

from __future__ import annotations

import difflib
import os

from tfppdnn.baselines import BASELINES, LABEL
from tfppdnn.ciphers import CIPHERS
from tfppdnn.errors import UserError
from tfppdnn.files import user_path
from tfppdnn.protector import shipped
from tfppdnn.protector.keyed import keyed
from tfppdnn.protector.origin import Origin
from tfppdnn.protector.python_object import python_object
from tfppdnn.protector.trained import trained
from tfppdnn.python_names import PythonName


def find_origin(name: str | os.PathLike[str], *, trust: bool = False) -> Origin:
    """Finds where a protector comes from, without loading it.

    Args:
        name: As above.
        trust: Whether a SavedModel may be loaded, which is a program.

    Raises:
        UserError: The name means nothing; what is possible is listed.
    """
    names = shipped.shipped_names()
    of_the_package = f"a shipped protector ({', '.join(names)}), " if names else ""
    possible = (
        f"name {of_the_package}a run folder made by `train`, a protector.tflite, a .keras file, a "
        f"SavedModel folder, a cipher ({', '.join(CIPHERS)}), a baseline ({', '.join(BASELINES)}, "
        f"{LABEL}:FOLDER), "
        "or a Python function (package.module:name or file.py:name)"
    )
    if not isinstance(name, str | os.PathLike) or not os.fspath(name):
        raise UserError(f"{name!r} is no name of a protector; {possible}")
    text = os.fspath(name)
    if isinstance(name, str):
        if text in names:
            return trained(shipped.SHIPPED / text, name=text)
        if (origin := keyed(text, trust=trust)) is not None:
            return origin
    path = user_path(text)
    if path.exists():
        return trained(path, trust=trust)
    if PythonName.is_meant(text):
        return python_object(text)
    known = [*names, *CIPHERS, *BASELINES, LABEL]
    close = difflib.get_close_matches(text.partition(":")[0], known, n=1)
    meant = f"did you mean {close[0]}? Or " if close else ""
    raise UserError(f"{text} does not exist; {meant}{possible}")
