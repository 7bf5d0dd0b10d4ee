"""What an installation brings: the client without TensorFlow, and what says what is missing."""

import re
import subprocess
import sys
import tarfile
import textwrap
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from test_architecture import MODULES, roots_of

from tfppdnn.commands import _MODULES_OF
from tfppdnn.images.photographs import photographs

ROOT = Path(__file__).parent.parent
CLIENT = {"numpy", "PIL", "ai_edge_litert", "fire", "tqdm", "lazy_loader"}
# They come with packages that are asked for, or are used only if they are there.
WITH_OTHERS = {"google", "pydantic_core", "pillow_heif", "keras_hub", "threadpoolctl"}

HIDING = """
    import sys

    HIDDEN = set(sys.argv.pop(1).split(","))

    class Hider:
        def find_spec(self, name, path=None, target=None):
            if name.partition(".")[0] in HIDDEN:
                raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    sys.meta_path.insert(0, Hider())
"""
VERB = "from tfppdnn.cli import main\nsys.exit(main(sys.argv[1:]))"


def with_the_client_only(code, *arguments):
    """Runs code where nothing is installed but what a client needs."""
    hidden = ",".join(set.union(*_MODULES_OF.values()))
    script = textwrap.dedent(HIDING) + textwrap.dedent(code)
    return subprocess.run(
        [sys.executable, "-c", script, hidden, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for number, picture in enumerate(photographs()[:3]):
        Image.fromarray(picture).save(folder / f"{number}.jpg")
    return folder


def test_every_package_that_is_imported_is_brought_by_something():
    imported = set().union(*map(roots_of, MODULES)) - {"tfppdnn"} - set(sys.stdlib_module_names)
    assert imported <= set.union(CLIENT, WITH_OTHERS, *_MODULES_OF.values())


@pytest.mark.parametrize("name", ["cifar10", "photos"])
def test_a_client_s_installation_protects(name, pictures, tmp_path):
    done = with_the_client_only(
        VERB, "protect", pictures, tmp_path / "made", "--size=64", f"--protector={name}"
    )
    assert done.returncode == 0, done.stderr
    code = """
        import numpy as np
        import tfppdnn
        np.save(sys.argv[3], tfppdnn.Protector.from_preset(sys.argv[1]).protect(sys.argv[2]))
    """
    done = with_the_client_only(code, name, pictures / "0.jpg", tmp_path / "one.npy")
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "one.npy").shape == (96, 96, 3)
    made = sorted((tmp_path / "made").glob("*.png"))
    assert [np.asarray(Image.open(path)).shape for path in made] == [(64, 64, 3)] * 3


@pytest.mark.parametrize(
    ("arguments", "extra"),
    [
        (["train"], "train"),
        (["train", "--help"], "train"),
        (["classify", "--plain"], "train"),
        (["audit", "--protector=cifar10"], "train"),
        (["table1", "--protector=cifar10"], "train"),
        (["frontier"], "train"),
        (["export", "runs/digits"], "train"),
        (["serve", "runs/digits"], "serve"),
        (["protect", "a", "b", "--protector=tfppdnn/shipped/cifar10/protector.keras"], "train"),
    ],
)
def test_a_verb_whose_extra_is_missing_names_it(arguments, extra):
    done = with_the_client_only(VERB, *arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"tfppdnn {arguments[0]}: ")
    assert f"pip install 'tfppdnn[{extra}]'" in line


@pytest.mark.parametrize("verb", ["protect", "client"])
def test_a_client_has_the_help_of_its_verbs(verb):
    done = with_the_client_only(VERB, verb, "--help")
    assert (done.returncode, done.stderr) == (0, "")
    assert "--protector=" in done.stdout


def test_a_package_of_the_user_s_own_that_is_missing_is_no_extra(tmp_path):
    (tmp_path / "mine.py").write_text(
        "import nothing_of_the_kind\n\ndef protect(x):\n    return x\n"
    )
    done = with_the_client_only(
        VERB, "protect", tmp_path, tmp_path / "out", f"--protector={tmp_path / 'mine.py'}:protect"
    )
    assert "nothing_of_the_kind" in done.stderr
    assert "tfppdnn[" not in done.stderr


@pytest.mark.slow
def test_both_distributions_build_with_the_page_and_are_in_order(tmp_path):
    def run(*command):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    run(sys.executable, "-m", "build", "--outdir", tmp_path)
    (wheel,), (source,) = tmp_path.glob("*.whl"), tmp_path.glob("*.tar.gz")
    run(sys.executable, "-m", "twine", "check", "--strict", wheel, source)
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    for name in ("serving/web/index.html", "shipped/cifar10/protector_fp16.tflite"):
        assert f"tfppdnn/{name}" in names
    assert "tfppdnn/reports/report.html.j2" in names
    assert not [name for name in names if "node_modules" in name or name.startswith("tests")]
    with tarfile.open(source) as archive:
        assert any(name.endswith("/export/web/index.html") for name in archive.getnames())


def lower_bounds():
    """Of what `setup.py` asks for, by name as it is normalised."""
    found = re.findall(r'"([a-z0-9-]+)>=([0-9.]+)"', (ROOT / "setup.py").read_text())
    return dict(found)


@pytest.mark.long
def test_the_lowest_versions_install_together_and_work(tmp_path, tiny_settings):
    def run(*command):
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    uv, version = (sys.executable, "-m", "uv"), f"{sys.version_info[0]}.{sys.version_info[1]}"
    lowest, python = tmp_path / "lowest.txt", tmp_path / "lowest/bin/python"
    options = ["--resolution=lowest-direct", "--extra=all", "--extra=heif", "--no-annotate"]
    run(*uv, "pip", "compile", *options, f"--python-version={version}", ROOT / "setup.py",
        "-o", lowest)  # fmt: skip
    resolved = dict(re.findall(r"^([a-z0-9-]+)==([0-9.]+)", lowest.read_text(), re.MULTILINE))
    higher = {
        name: (bound, resolved[name])
        for name, bound in lower_bounds().items()
        if name in resolved and not f"{resolved[name]}.".startswith(f"{bound}.")
    }
    assert not higher  # Nobody could install a bound that another one rules out.

    run(*uv, "venv", "--python", sys.executable, tmp_path / "lowest")
    run(*uv, "pip", "install", "--python", python, "-r", lowest)
    run(*uv, "pip", "install", "--python", python, "--no-deps", ROOT)
    run(python, "-m", "tfppdnn", "train", "--out=run", *tiny_settings)
    Image.fromarray(photographs()[0]).save(tmp_path / "one.png")
    run(python, "-m", "tfppdnn", "protect", "one.png", "out", "--protector=run", "--size=32")
    run(python, "-m", "tfppdnn", "classify", "--protector=run")
    run(python, "-c", "import tfppdnn.serving.server, tfppdnn.serving.grpc_services, pillow_heif")
