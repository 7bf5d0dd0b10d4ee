"""Our networks' weights, in a process where TensorFlow shall not be loaded.

`python -m benchmarks.peers.keras_weights MODULE:FUNCTION SETTINGS OUT.npz` builds the networks and
writes their weights; `weights_of` runs that, and reads them.
"""

from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

Layers = list[list[np.ndarray]]
"""The arrays of every layer that has any, in the network's order."""


def weights_of(place: str, settings: Mapping[str, Any]) -> dict[str, Layers]:
    """Builds networks elsewhere.

    Args:
        place: `module:function` that builds them, and returns Keras models by name.
        settings: Its keyword arguments, as JSON holds them.

    Returns:
        The weights of each network.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "weights.npz")
        subprocess.run(
            [sys.executable, "-m", __name__, place, json.dumps(dict(settings)), path],
            check=True,
            stdout=subprocess.DEVNULL,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        found: dict[str, Layers] = defaultdict(list)
        with np.load(path) as arrays:
            for key in sorted(arrays.files):
                network, _, number = key.split("/")
                if number == "0":
                    found[network].append([])
                found[network][-1].append(arrays[key])
    return dict(found)


def main() -> None:
    """Writes the weights."""
    place, settings, path = sys.argv[1:]
    module, function = place.split(":")
    networks = getattr(importlib.import_module(module), function)(**json.loads(settings))
    arrays = {}
    for name, network in networks.items():
        for place_of_layer, layer in enumerate(network.layers):
            for number, weight in enumerate(layer.get_weights()):
                arrays[f"{name}/{place_of_layer:04d}/{number}"] = weight
    np.savez(path, **arrays)


if __name__ == "__main__":
    main()
