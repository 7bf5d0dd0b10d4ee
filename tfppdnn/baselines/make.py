"""Baselines by their names on the command line."""

from __future__ import annotations

from tfppdnn.baselines.blur import Blur
from tfppdnn.baselines.pca import PCA
from tfppdnn.baselines.pixelate import Pixelate
from tfppdnn.baselines.plain import Plain
from tfppdnn.errors import UserError

BASELINES: dict[str, type[Plain | Blur | Pixelate | PCA]] = {
    "plain": Plain,
    "blur": Blur,
    "pixelate": Pixelate,
    "pca": PCA,
}
"""Every baseline that is made of a name and a number, by the name."""

LABEL = "label"
"""The name of the baseline that is made of a classifier, see `Label`."""


def make_baseline(name: str, strength: int | None = None) -> Plain | Blur | Pixelate | PCA:
    """Makes a baseline.

    Args:
        name: One of `BASELINES`.
        strength: The sigma of `blur`, the side of `pixelate`, the bits of `pca`; their default if
            None.

    Raises:
        UserError: There is no such baseline, or it has no such strength.
    """
    if name not in BASELINES:
        raise UserError(f"there is no baseline {name!r}: choose from {', '.join(BASELINES)}")
    if strength is None:
        return BASELINES[name]()
    if name == "plain":
        raise UserError(f"plain:{strength}: plain has no strength; give plain alone")
    return BASELINES[name](strength)
