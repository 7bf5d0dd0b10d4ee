"""A clock that nobody has set, as on a small computer after a power cut."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
from faults import stages

from tfppdnn.training.keras_file import write_keras

WRITING_IN_1970 = """
import ctypes, sys, time
import keras
from tfppdnn.errors import UserError
from tfppdnn.training.keras_file import write_keras

network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
write_keras(network, sys.argv[1])
before = open(sys.argv[1], "rb").read()
ctypes.CDLL(None).set_clock_back(ctypes.c_long(int(time.time()) - 24 * 60 * 60))
try:
    write_keras(network, sys.argv[1])
except UserError as error:
    print(error)
assert open(sys.argv[1], "rb").read() == before
"""


def test_a_network_comes_back(tmp_path):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    write_keras(network, tmp_path / "deep/network.keras")
    found = keras.models.load_model(tmp_path / "deep/network.keras")
    np.testing.assert_array_equal(found.get_weights()[0], network.get_weights()[0])


@pytest.mark.slow
@pytest.mark.skipif(stages.MISSING is not None, reason=str(stages.MISSING))
def test_a_clock_before_1980_is_named_and_the_file_that_there_is_stays(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", WRITING_IN_1970, tmp_path / "network.keras"],
        capture_output=True,
        text=True,
        env={**os.environ, "LD_PRELOAD": str(stages.clock(tmp_path))},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == (
        f"cannot write {tmp_path}/network.keras: the clock says 1970, and such a file knows no "
        "year before 1980; set the clock, and the same command goes on from here\n"
    )
