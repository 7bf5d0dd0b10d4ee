"""Conformance vectors, made by the command as a user makes them."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

EXPORT = Path(__file__).parent.parent / "export"
VECTOR = EXPORT / "conformance" / "vector"


def make_vector(run, folder):
    """Makes the vector of a run, and returns where it is."""
    command = [sys.executable, VECTOR.parent / "make.py", run, folder]
    environment = {**os.environ, "PYTHONPATH": str(EXPORT.parent)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return folder


def make_private_run(run):
    """Writes a protector that draws at random, two numbers a picture, and its vector."""
    import keras

    from tfppdnn.exporting.run_folder import export_all
    from tfppdnn.models import bottleneck

    keras.utils.set_random_seed(0)
    network = bottleneck(encoder_width=0.0625, code_size=16, decoder_width=8, privacy_epsilon=2.0)
    run.mkdir(parents=True)
    export_all(network, run, images=np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), "u1"))
    make_vector(run, run / "conformance")
