"""The pages' Python and commands are run, in the order in which a reader meets them."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from skimage import data

ROOT = Path(__file__).parent.parent
BLOCK = re.compile(r"```(bash|python|text)\n(.*?)```", re.DOTALL)
# Added to commands, so that they take seconds; the pages have settings for real pictures.
SMALL = {
    "train": ["--trunk=trunk.keras", "--trunk_size=32", "--code_size=8", "--head_epochs=1"],
    "audit": ["--attacker_images=200", "--held_out_images=50", "--recogniser_epochs=1"],
}
# Ports of the page, whatever else runs on this machine.
PORTS = ("8501", "8500")


def pictures(folder, *, side=96, each=16):
    """Two classes of crops of photographs that come with scikit-image."""
    for name, photograph in (("cat", data.chelsea()), ("rocket", data.rocket())):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            top, left = 12 * (number // 4), 30 * (number % 4)
            crop = photograph[top : top + side, left : left + side]
            Image.fromarray(crop).save(folder / name / f"{number}.jpg", quality=95)


@pytest.fixture(scope="module")
def trunk(made_once):
    """A trunk that sees little, and quickly."""

    def make(folder):
        import keras

        folder.mkdir()
        keras.utils.set_random_seed(0)
        images = keras.Input((32, 32, 3))
        seen = keras.layers.Conv2D(8, 8, strides=8, activation="relu")(images)
        keras.Model(images, keras.layers.Flatten()(seen)).save(folder / "trunk.keras")

    return made_once("small_trunk", make) / "trunk.keras"


@pytest.fixture
def reader(tmp_path, monkeypatch, trunk):
    """A folder as the pages assume it."""
    monkeypatch.chdir(tmp_path)
    shutil.copy(trunk, tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    Image.fromarray(data.chelsea()).save("photo.jpg", quality=95)
    for folder in ("photos", "photos_by_class", "splits/train"):
        pictures(tmp_path / folder)
    (tmp_path / "export").symlink_to(ROOT / "export")
    return tmp_path


@pytest.fixture(scope="module")
def own_run(made_once, tmp_path_factory, trunk):
    """`runs/mine` of the pages that come after the training's."""

    def make(out):
        from tfppdnn.cli import main

        folder = tmp_path_factory.mktemp("own") / "photos"
        pictures(folder)
        options = ["--preset=photos", f"--dataset={folder}", f"--out={out}"]
        assert main(["train", *options, *SMALL["train"][1:], f"--trunk={trunk}"]) == 0

    return made_once("own_photos", make)


def free_ports():
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in PORTS]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [str(one.getsockname()[1]) for one in sockets]


def run_page(page, capfd):
    """Runs a page's blocks; what it prints is what the page says it prints."""
    text = (ROOT / page).read_text()
    for port, free in zip(PORTS, free_ports(), strict=True):
        text = text.replace(port, free)
    names, said = {"__name__": "page"}, ""
    with contextlib.ExitStack() as servers:
        for kind, block in BLOCK.findall(text):
            if kind == "text":
                assert said.strip().splitlines()[-block.count("\n") :] == block.splitlines()
            elif kind == "bash":
                for line in block.replace("\\\n", "").splitlines():
                    run_command(line, servers)
            elif file := re.match(r"# (\w+\.py)\n", block):
                Path(file[1]).write_text(block)
            else:
                capfd.readouterr()
                exec(compile(block, page, "exec"), names)
                said = capfd.readouterr().out


def run_command(line, servers):
    words = shlex.split(line, comments=True)
    if words[:1] != ["python"] or any("FOLDER" in word for word in words):
        return  # An installation; or a port that somebody else has to write.
    command = [sys.executable, *words[1:]]
    if words[1:3] == ["-m", "tfppdnn"]:
        command += SMALL.get(words[3], [])
        if words[3] == "serve":
            servers.enter_context(served(command))
            return
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, (line, done.stderr)


@contextlib.contextmanager
def served(command):
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert any(said.startswith("ready") for said in server.stderr)
            yield
        finally:
            os.kill(server.pid, signal.SIGTERM)
            server.communicate()


def test_the_first_page(tmp_path, monkeypatch, capfd):
    """Its Python; its commands are those of the tutorials, and of the gate."""
    monkeypatch.chdir(tmp_path)
    Image.fromarray(data.astronaut()).save("photo.jpg", quality=95)
    text = (ROOT / "README.md").read_text()
    code, printed = re.search(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL).groups()
    capfd.readouterr()
    exec(compile(code, "README.md", "exec"), {})
    assert capfd.readouterr().out == printed


@pytest.mark.parametrize(
    "page",
    [
        pytest.param("tutorials/photographs", marks=pytest.mark.slow),
        pytest.param("tutorials/train", marks=pytest.mark.long),
        pytest.param("tutorials/port", marks=pytest.mark.slow),
    ],
)
def test_pages_that_need_nothing(page, reader, capfd):
    run_page(f"docs/{page}.md", capfd)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [pytest.param("tutorials/serve", marks=pytest.mark.long), "howto/pipelines"]
)
def test_pages_that_need_a_run(page, reader, own_run, capfd):
    shutil.copytree(own_run, reader / "runs" / "mine")
    run_page(f"docs/{page}.md", capfd)


@pytest.mark.long
def test_the_page_on_an_idea_of_ones_own(reader, capfd):
    run_page("docs/tutorials/audit.md", capfd)
    record = json.loads(Path("runs/audit-darker-digits-quick/audit.json").read_text())
    assert {"nearest", "ridge", "brighter"} <= record["attacks"].keys()
    # Who multiplies by four has all but the lowest two bits.
    assert record["attacks"]["brighter"]["leakage"]["affine_ssim"]["mean"] > 0.9
