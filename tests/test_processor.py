"""What importing the package settles before TensorFlow is imported, and what it leaves alone."""

import os
import platform
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or platform.machine() != "x86_64",
    reason="settings of glibc, and of oneDNN on x86-64",
)
# Blocks beyond the 32 MiB up to which glibc adapts by itself: 16,384 pages each.
FAULTS_OF_TEN_BLOCKS = """
import ctypes, resource, tfppdnn
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    block = libc.malloc(2**26)
    ctypes.memset(block, 1, 2**26)
    libc.free(block)
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults)
"""
ONEDNN = "import os, tfppdnn; print(os.environ['TF_ENABLE_ONEDNN_OPTS'])"


def printed_by(script, **variables):
    unset = ("TF_ENABLE_ONEDNN_OPTS", "GLIBC_TUNABLES")
    environment = {name: value for name, value in os.environ.items() if name not in unset}
    command = [sys.executable, "-c", script]
    done = subprocess.run(
        command, env={**environment, **variables}, capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    return int(done.stdout)


def test_memory_that_was_given_back_is_used_again():
    assert printed_by(FAULTS_OF_TEN_BLOCKS) < 2 * 2**26 / 4096


def test_settings_of_the_allocator_that_are_about_something_else_change_nothing():
    assert printed_by(FAULTS_OF_TEN_BLOCKS, MALLOC_ARENA_MAX="2") < 2 * 2**26 / 4096


@pytest.mark.parametrize(
    "own", [{"MALLOC_TOP_PAD_": "131072"}, {"GLIBC_TUNABLES": "glibc.malloc.top_pad=131072"}]
)
def test_somebody_who_set_the_allocator_keeps_his_settings(own):
    assert printed_by(FAULTS_OF_TEN_BLOCKS, **own) >= 10 * 2**26 / 4096


def test_onednn_is_on_unless_somebody_turned_it_off():
    assert printed_by(ONEDNN) == 1
    assert printed_by(ONEDNN, TF_ENABLE_ONEDNN_OPTS="0") == 0


def test_a_c_library_without_these_settings_is_left_alone(monkeypatch):
    from tfppdnn import processor

    def without(name):
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(processor.os, "confstr", without)
    monkeypatch.setattr(processor.ctypes, "CDLL", lambda name: pytest.fail("it was asked"))
    processor.prepare()


@pytest.mark.parametrize(("system", "machine"), [("darwin", "x86_64"), ("linux", "aarch64")])
def test_elsewhere_nothing_is_set(monkeypatch, system, machine):
    from tfppdnn import processor

    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)
    asked = []
    monkeypatch.setattr(processor.ctypes, "CDLL", lambda name: asked.append(name))
    processor.prepare()
    assert "TF_ENABLE_ONEDNN_OPTS" not in os.environ
    # On Linux the allocator is glibc's on every processor.
    assert bool(asked) == (system == "linux")
