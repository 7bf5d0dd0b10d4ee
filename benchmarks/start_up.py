"""From nothing to the first protected image, beside merely importing a framework."""

from __future__ import annotations

import subprocess
import sys

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of

_PROTECT = """
import numpy
from tfppdnn import load_protector
image = numpy.zeros((32, 32, 3), numpy.uint8)
assert load_protector("cifar10").protect(image).shape == image.shape
"""


def program(text: str) -> Work:
    """Runs a Python program in a fresh process, from its start to its end."""
    command = [sys.executable, "-c", text]
    return Work(
        call=lambda: subprocess.run(command, check=True, stderr=subprocess.DEVNULL), items=1
    )


def _contender(name: str, text: str) -> Contender:
    return Contender(name=name, prepare="benchmarks.start_up:program", settings={"text": text})


MEASURES = measures_of(
    Comparison(
        name="start_up",
        what="a fresh Python, until the first image of 32x32 is protected by the protector that "
        "comes with the package; the others until they are imported",
        unit="processes",
        ours=_contender("tfppdnn: load_protector and protect", _PROTECT),
        peers=(
            _contender("import tensorflow", "import tensorflow"),
            _contender("import torch", "import torch"),
            _contender("import onnxruntime", "import numpy, onnxruntime"),
        ),
        targets={"import tensorflow": 1.0, "import torch": 1.0},
        seconds=0.1,
    )
)
