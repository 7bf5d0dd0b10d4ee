"""Nobody has to listen: closed streams and pipes without a reader change no result."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def shell(tmp_path):
    """Runs a line of bash, in which tfppdnn is the program; returns exit code, stdout, stderr."""

    def run(line):
        program = f'tfppdnn() {{ "{sys.executable}" -m tfppdnn "$@"; }}; set -o pipefail\n'
        done = subprocess.run(
            ["bash", "-c", program + line], cwd=tmp_path, capture_output=True, text=True
        )
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def photo(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")


PROTECT = "tfppdnn protect photo.png out --protector=tanaka"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&- >&- 2>&-", "| true", "2>&1 | true"])
def test_a_picture_is_protected_whoever_listens(shell, photo, tmp_path, closed):
    code, out, error = shell(f"{PROTECT} {closed}")

    assert code == 0
    assert "Traceback" not in error
    assert "Exception ignored" not in error
    assert Image.open(tmp_path / "out/photo.png").size == (32, 32)
    if closed == "2>&-":
        assert json.loads(out)["protected"] == 1


def test_figures_that_cannot_be_printed_are_named(shell, photo, tmp_path):
    code, _, error = shell(f"{PROTECT} > /dev/full")

    assert code == 2
    assert error.strip().splitlines()[-1] == (
        "tfppdnn protect: done, but its figures cannot be printed: No space left on device"
    )
    assert "Exception ignored" not in error


@pytest.mark.parametrize("asked", ["--help", "train --help"])
def test_help_that_nobody_reads_is_no_error(shell, asked):
    assert shell(f"tfppdnn {asked} | true") == (0, "", "")


@pytest.mark.parametrize("wrong", ["nonsense", "protect gone out --protector=tanaka"])
def test_a_wrong_call_stays_one_without_listeners(shell, wrong):
    assert shell(f"tfppdnn {wrong} 2>&-")[0] == 2


@pytest.mark.slow
@pytest.mark.parametrize("content", ["[" * 100_000, '{"seed": ' + "9" * 5000 + "}", "[1, 2]"])
def test_json_that_is_not_ours_is_named(shell, tmp_path, content):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/config.json").write_text(content)
    for verb in (
        "train --out=run",
        "classify --protector=run",
        "export run",
        "audit --protector=run",
    ):
        code, _, error = shell(f"tfppdnn {verb}")
        assert code == 2, error
        assert len(error.strip().splitlines()) == 1, error
        assert "run/config.json" in error


@pytest.fixture
def little_memory():
    if sys.platform != "linux":
        pytest.skip("`ulimit -v` is kept on Linux")
    return (
        "this process may have 2.9 GiB of memory; if it ends without a word, that was too little: "
        "give it 6 GiB, or fewer or smaller pictures"
    )


def test_a_process_of_little_memory_says_so_before_it_can_be_killed(shell, little_memory):
    say = "from tfppdnn.cli.options import say_if_memory_is_short as say; say('train')"
    for limit, said in (("ulimit -v 3000000", f"train: {little_memory}\n"), ("true", "")):
        assert shell(f'{limit}; {sys.executable} -c "{say}"') == (0, "", said)


@pytest.mark.parametrize(
    "verb",
    [
        pytest.param("train", marks=pytest.mark.slow),
        pytest.param("classify --plain", marks=pytest.mark.long),
        pytest.param("audit --protector=tanaka", marks=pytest.mark.long),
    ],
)
def test_verbs_that_train_say_so(shell, little_memory, verb):
    _, _, error = shell(f"ulimit -v 3000000; tfppdnn {verb} --dataset=gone")
    assert error.splitlines()[0] == f"{verb.split()[0]}: {little_memory}"
