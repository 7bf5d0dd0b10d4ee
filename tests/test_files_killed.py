"""Whatever moment a process is killed at, a folder is there whole, and nothing else stays."""

import subprocess
import sys

import pytest

from tfppdnn.files import sweep, write_bytes
from tfppdnn.replacing import exchange

# Replaces a folder for ever; each holds two files that say which it is.
REPLACING = """
import sys
from tfppdnn.files import written_whole

for number in range(10**9):
    with written_whole(sys.argv[1]) as temporary:
        temporary.mkdir()
        for name in ("one", "other"):
            (temporary / name).write_text(str(number))
    print(flush=True)
"""
# As where the system exchanges nothing: killed when the old folder has gone, and the new not come.
KILLED_IN_BETWEEN = """
import os, signal, sys
from pathlib import Path
import tfppdnn.files as files

files.exchange = lambda one, other: False
rename, renamed = Path.rename, []

def rename_or_die(self, target):
    if renamed:
        os.kill(os.getpid(), signal.SIGKILL)
    renamed.append(target)
    return rename(self, target)

Path.rename = rename_or_die
with files.written_whole(sys.argv[1]) as temporary:
    temporary.mkdir()
"""
# Writes a file, and waits before the end until it is told to go on.
WAITING = """
import sys
from tfppdnn.files import written_whole

with written_whole(sys.argv[1]) as temporary:
    temporary.write_bytes(b"whole")
    print(flush=True)
    sys.stdin.read()
"""


def started(program, path):
    return subprocess.Popen(
        [sys.executable, "-c", program, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


@pytest.mark.parametrize("replacements", [1, 2, 5])
def test_a_folder_that_is_replaced_is_always_there(tmp_path, replacements):
    target = tmp_path / "deep" / "saved_model"
    with started(REPLACING, target) as process:
        for _ in range(replacements):
            process.stdout.readline()
        process.kill()

    assert (target / "one").read_text() == (target / "other").read_text()
    sweep(tmp_path)
    assert names_in(target.parent) == ["saved_model"]
    assert names_in(target) == ["one", "other"]


def test_an_old_folder_that_was_moved_away_is_put_back(tmp_path):
    target = tmp_path / "saved_model"
    write_bytes(target / "weights", b"old")
    with started(KILLED_IN_BETWEEN, target) as process:
        assert process.wait() == -9
    assert not target.exists()

    sweep(tmp_path)
    assert (target / "weights").read_bytes() == b"old"
    assert names_in(tmp_path) == ["saved_model"]


def test_what_a_living_process_writes_stays(tmp_path):
    target = tmp_path / "model.bin"
    with started(WAITING, target) as process:
        process.stdout.readline()
        sweep(tmp_path)
        process.communicate(b"go on")

    assert process.returncode == 0
    assert target.read_bytes() == b"whole"
    assert names_in(tmp_path) == ["model.bin"]


def test_other_hidden_folders_stay(tmp_path):
    for name in (".tfppdnn-notes", ".git", "tfppdnn-0123abcd"):
        (tmp_path / name).mkdir()
    (tmp_path / ".tfppdnn-0123abcd").mkdir()
    (tmp_path / ".tfppdnn-4567abcd").write_bytes(b"half of it")

    sweep(tmp_path)
    assert names_in(tmp_path) == [".git", ".tfppdnn-notes", "tfppdnn-0123abcd"]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems exchange nothing")
def test_two_folders_exchange_their_names(tmp_path):
    for name in ("one", "other"):
        write_bytes(tmp_path / name / name, b"")

    assert exchange(tmp_path / "one", tmp_path / "other")
    assert names_in(tmp_path / "one") == ["other"]
    assert names_in(tmp_path / "other") == ["one"]
    with pytest.raises(FileNotFoundError):
        exchange(tmp_path / "one", tmp_path / "gone")
