"""How far two protectors are apart, as after making one again by its own command.

Of a run folder and of a shipped protector the networks themselves are compared, so that equal
weights are found equal; a run need not have exported yet.
"""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from tfppdnn.datasets.load import load_dataset
from tfppdnn.protector.protector import Protector
from tfppdnn.protector.shipped import shipped_names
from tfppdnn.run_folder import MAKING, RunFolder


def compare_named(
    one: str | os.PathLike[str],
    other: str | os.PathLike[str],
    dataset: str | None = None,
    *,
    data_dir: str | None = None,
    images: int = 1000,
) -> dict[str, Any]:
    """Compares two protectors on test images, and says which they are.

    Args:
        one: A protector's name, see `tfppdnn.Protector.named`.
        other: Another's.
        dataset: Of its test images; the first run's own, or digits, if None.
        data_dir: A tensorflow-datasets directory; the first run's own if None.
        images: How many of them. The default is enough to meet every kind of picture; a rounding
            that went the other way shows in a few.

    Returns:
        What `compare` returns, with `dataset`, and of both `protectors`, their identities, and
        `made`, of a run what it was made with and on.

    Raises:
        UserError: There is no such protector or data set.
    """
    names = (one, other)
    protectors = [_protector(name).identity for name in names]
    made = [_making(name) for name in names]
    runs = [run for run in map(_run, names) if run is not None]
    config = runs[0].config() if runs else {}
    own = config.get("dataset", {})
    loaded = load_dataset(
        dataset or own.get("name", "digits"),
        data_dir=data_dir or config.get("data_dir"),
        image_size=own.get("image_size", 32),
        # Of a folder's images, the same are held out as when the run was trained.
        seed=config.get("seed", 0),
        skip_bad=config.get("skip_bad", False),
    )
    figures = compare(one, other, loaded.test_images[:images])
    return {"dataset": loaded.name, **figures, "protectors": protectors, "made": made}


def compare(
    one: str | os.PathLike[str], other: str | os.PathLike[str], images: np.ndarray
) -> dict[str, Any]:
    """Compares what two protectors make of the same images.

    Args:
        one: A protector's name, see `tfppdnn.Protector.named`.
        other: Another's.
        images: uint8 [N, H, W, 3], plain images.

    Returns:
        `images`, how many there were; `largest_difference` and `mean_difference` of all values,
        in grey levels; `equal_pictures`, the share of pictures without any difference.

    Raises:
        UserError: There is no protector of that name, or it breaks the rules.
    """
    protected = [_network(name).protect(images) for name in (one, other)]
    levels = np.abs(protected[0].astype(np.int16) - protected[1])
    return {
        "images": len(images),
        "largest_difference": int(levels.max()),
        "mean_difference": float(levels.mean()),
        "equal_pictures": float((levels == 0).all(axis=(1, 2, 3)).mean()),
    }


def _protector(name: str | os.PathLike[str]) -> Protector:
    """Of a run the network itself: a file made of it rounds now and then to the other side."""
    run = _run(name)
    return Protector.named(name if run is None else run.protector)


def _network(name: str | os.PathLike[str]) -> Protector:
    """The same, of a shipped protector too."""
    protector = _protector(name)
    network = protector.network if name in shipped_names() else None
    return protector if network is None else Protector.of(network, name=os.fspath(name))


def _run(name: str | os.PathLike[str]) -> RunFolder | None:
    if name in shipped_names():
        return None
    run = RunFolder(name)
    return run if run.protector.is_file() else None


def _making(name: str | os.PathLike[str]) -> dict[str, Any] | None:
    """What a run was made with and on, for a card to tell whether it is the same command's."""
    run = _run(name)
    if run is None:
        return None
    config = run.config()
    made = {part: config.get(part) for part in (*MAKING, "machine")}
    return {**made, "reused": run.metrics().get("reused")}
