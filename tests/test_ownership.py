"""Two processes never write into one folder, and a killed one is in nobody's way."""

import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from tfppdnn.errors import UserError
from tfppdnn.ownership import owned

HOLDING = """
import sys
from tfppdnn.ownership import owned

with owned(sys.argv[1]):
    print(flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold():
    """Has another process own a folder."""
    processes = []

    def start(folder):
        command = [sys.executable, "-c", HOLDING, folder]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        processes.append(process)
        process.stdout.readline()
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for number in range(12):
        pixels = np.random.default_rng(number).integers(0, 256, (32, 32, 3), np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")
    return folder


def test_the_second_is_told_who_has_the_folder(tmp_path, hold):
    holder = hold(tmp_path)

    with pytest.raises(UserError) as refused, owned(tmp_path):
        pass
    said = str(refused.value)
    assert said.startswith(f"{tmp_path} is in use by process {holder.pid};")
    assert "\n" not in said


def test_a_killed_protect_leaves_no_name_of_a_picture_and_no_key(tmp_path, photos):
    script = f"""
import os, runpy, signal, sys
from tfppdnn.client import folder
folder.protected_png = lambda *a, **k: os.kill(os.getpid(), signal.SIGKILL)
sys.argv = ["-m", "protect", {str(photos)!r}, "out", "--protector=tanaka:1234"]
runpy.run_module("tfppdnn", run_name="__main__", alter_sys=True)
"""
    killed = subprocess.run([sys.executable, "-c", script], cwd=tmp_path)

    assert killed.returncode == -signal.SIGKILL
    said = (tmp_path / "out/.tfppdnn.lock").read_text()
    assert re.fullmatch(r"process \d+ \(tfppdnn protect\)", said)


def test_a_killed_owner_is_in_nobodys_way(tmp_path, hold):
    holder = hold(tmp_path)
    holder.kill()
    holder.wait()

    with owned(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_free_when_its_owner_has_ended(tmp_path, hold):
    hold(tmp_path).communicate(b"end")

    with owned(tmp_path):
        pass


def test_a_folder_that_nothing_came_into_is_gone(tmp_path):
    with pytest.raises(RuntimeError), owned(tmp_path / "runs" / "one"):
        assert (tmp_path / "runs" / "one").is_dir()
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_made_for_its_owners_eyes_only(tmp_path):
    with owned(tmp_path / "runs" / "one"):
        (tmp_path / "runs" / "one" / "figure").touch()
    assert (tmp_path / "runs" / "one").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "options",
    [
        ("train", "--out={folder}"),
        ("classify", "--plain", "--out={folder}", "--classifier_width=0.0625"),
        ("audit", "--protector=blur", "--out={folder}", "--attacks=brute_force"),
        ("export", "{folder}"),
        ("protect", "photos", "{folder}"),
    ],
    ids=lambda options: options[0],
)
def test_each_verb_is_refused_while_another_process_writes(
    options, tmp_path, photos, tiny_run, call, hold, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "folder"
    if options[0] == "export":
        shutil.copytree(tiny_run, folder)
    holder = hold(folder)
    code, _, error = call(*(option.format(folder=folder) for option in options))

    assert code == 2
    said = error.strip().splitlines()[-1]
    assert said.startswith(f"tfppdnn {options[0]}: {folder} is in use by process {holder.pid};")


def test_two_protectors_never_mix_their_pictures(photos, tmp_path):
    destination = tmp_path / "protected"
    commands = [
        [sys.executable, "-m", "tfppdnn", "protect", photos, destination, f"--protector={name}"]
        for name in ("tanaka:1", "tanaka:2")
    ]
    codes = [process.wait() for process in [subprocess.Popen(command) for command in commands]]

    # Whoever came second found the folder in use, or filled by the other.
    assert sorted(codes) == [0, 2]
    alone = tmp_path / "alone"
    subprocess.run([*commands[codes.index(0)][:5], alone, commands[codes.index(0)][6]], check=True)
    for picture in photos.iterdir():
        assert (destination / picture.name).read_bytes() == (alone / picture.name).read_bytes()
