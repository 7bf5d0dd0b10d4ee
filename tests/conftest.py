"""What several test files share: one tiny run, made by the real command, for all workers."""

import fcntl
import os

# Before TensorFlow is imported by any test: its start-up messages would drown pytest's.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import json
import runpy
import shutil
from pathlib import Path

import pytest
from faults.tiny import TINY_SETTINGS


@pytest.hookimpl(tryfirst=True)  # Before pytest chooses by marks.
def pytest_collection_modifyitems(config, items):
    """One file that needs the tiny run, so that one worker makes it; the rest of them last.

    Two classifiers take longer than all that is tested with them: that is for the second tier. What
    is marked long in a file that is marked slow is for the third.
    """
    if config.option.markexpr == "slow":
        later = [item for item in items if item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]
    for item in items:
        if "classified_run" in item.fixturenames:
            item.add_marker(pytest.mark.slow)
    needing = {item.path for item in items if "tiny_run" in item.fixturenames}
    first = next((item.path for item in items if item.path in needing), None)
    items.sort(key=lambda item: (item.path != first, item.path in needing))


@pytest.fixture(scope="session")
def tiny_settings():
    """Options of `train` that make every part small."""
    return list(TINY_SETTINGS)


@pytest.fixture(scope="session")
def made_once(tmp_path_factory):
    """From a name and what makes it to a folder that all workers share: read it, or copy it.

    Whoever asks first makes it, and whoever asks meanwhile waits. TFPPDNN_TESTS_MADE names a
    folder for all of it: so a call of pytest finds what an earlier one of the same code made.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    root = Path(os.environ.get("TFPPDNN_TESTS_MADE", root / "shared"))
    root.mkdir(exist_ok=True)

    def made(name, make):
        folder, done = root / name, root / f"{name}.done"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)  # Of one that failed.
                make(folder)
                done.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def tiny_run(made_once):
    """A finished run of digits with tiny networks."""
    from tfppdnn.cli import main

    def make(out):
        assert main(["train", f"--out={out}", *TINY_SETTINGS]) == 0

    return made_once("tiny", make)


@pytest.fixture(scope="session")
def classified_run(made_once, tiny_run):
    """The tiny run with a classifier of protected pictures and one of plain ones.

    What `classify` printed of either is in printed.json.
    """
    from tfppdnn.cli.classify import classify

    def make(out):
        shutil.copytree(tiny_run, out)
        printed = [classify(protector=str(out), plain=plain)[0] for plain in (False, True)]
        (out / "printed.json").write_text(json.dumps(printed))

    return made_once("classified", make)


@pytest.fixture(scope="session")
def check():
    """export/conformance/check.py, by its names."""
    from conformance_samples import VECTOR

    return runpy.run_path(str(VECTOR.parent / "check.py"))


@pytest.fixture(scope="session")
def private(made_once):
    """The files of a protector that draws at random, its SavedModel, and their vector."""
    from conformance_samples import make_private_run

    return made_once("private", make_private_run)


@pytest.fixture(scope="session")
def kotlin_classes(made_once):
    """Where the compiled class for Android is, and its test."""
    import kotlin_port

    if kotlin_port.MISSING:
        pytest.skip(kotlin_port.MISSING)
    return made_once("kotlin", kotlin_port.compile_port)


@pytest.fixture
def exported(made_once, capfd):
    """What `export_all` makes of exporting_samples' trained protector, and what it says.

    The files are in run/, and in said.json the figures and what was printed; in seen.npy are the
    pictures whose accuracy was asked for, which was 0.75 and then 0.5.
    """
    import numpy as np
    from exporting_samples import digits_and_photographs, trained_protector

    from tfppdnn.exporting.run_folder import export_all

    def make(folder):
        seen = []

        def accuracy(protected):
            seen.append(protected)
            return 0.75 if len(seen) == 1 else 0.5

        model, images = trained_protector(), digits_and_photographs()
        capfd.readouterr()  # What TensorFlow says of its devices.
        figures = export_all(model, folder / "run", images=images, accuracy=accuracy)
        (folder / "said.json").write_text(json.dumps([figures, *capfd.readouterr()]))
        np.save(folder / "seen.npy", seen)

    return made_once("exported", make)


@pytest.fixture(scope="session")
def protectors(made_once):
    """One of each kind of thing that a user may pass as protector."""
    from protector_samples import write_protectors

    return made_once("protectors", write_protectors)


@pytest.fixture(scope="session")
def served_run(made_once):
    """A run folder with serving_samples' tiny classifier, and nothing else."""
    from serving_samples import export_tiny_classifier

    def make(run):
        run.mkdir()
        export_tiny_classifier(run / "classifier")

    return made_once("served", make)


@pytest.fixture
def serve():
    """Starts client_samples' servers, by what they reply."""
    from client_samples import Server

    servers = []

    def start(reply=None):
        servers.append(Server(reply))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def nothing_is_said(capfd):
    """Nobody's request shows up in a log."""
    capfd.readouterr()
    yield
    said = capfd.readouterr()
    assert not said.out
    assert not said.err


@pytest.fixture(scope="session")
def web_run(made_once, served_run):
    """A run folder with the files that the page for browsers needs, and what they are like."""
    from web_page_samples import VECTOR

    def make(run):
        shutil.copytree(served_run, run)
        for name in ("protector.tflite", "protector_web.tflite"):
            shutil.copy(VECTOR / "models" / name, run)

    return made_once("web", make)


@pytest.fixture(scope="session")
def shipped_web_run(made_once, served_run):
    """What `classify --protector=cifar10` leaves, with what `serve --web` makes for the page."""
    from tfppdnn import load_protector
    from tfppdnn.serving.web_protector import check_web_protector, web_protector

    def make(run):
        shutil.copytree(served_run, run)
        config = {"verb": "classify", "settings": {}, "dataset": {"name": "any"}, "seed": 0}
        config["protector"] = load_protector("cifar10").identity
        (run / "config.json").write_text(json.dumps(config))
        check_web_protector(run)
        assert web_protector(run) == run / "protector_web.tflite"

    return made_once("shipped_web", make)


@pytest.fixture(scope="session")
def web_protector(web_run):
    from tfppdnn.protector.litert import LiteRTScheme

    return LiteRTScheme(web_run / "protector.tflite")


@pytest.fixture(scope="session")
def web_site(web_run):
    """The address of the real server, with the page."""
    from serving_samples import running
    from web_page_samples import WEB

    with running(web_run, web=(WEB, web_run / "protector_web.tflite")) as server:
        yield f"http://{server.rest_address}/"


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """A browser, where there is one."""
    import chromium
    from web_page_samples import WEB

    if chromium.PROGRAM is None:
        pytest.skip("needs the program chromium")
    if not (WEB / "vendor/litert.js").is_file():
        pytest.skip("needs LiteRT.js: npm ci --prefix export/web")
    pytest.importorskip("websocket", reason="needs websocket-client")
    with chromium.browser_page(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture(scope="module")
def opened(browser, web_site):
    """The page, loaded once for all tests that do not change what it remembers."""
    from web_page_samples import open_page

    return open_page(browser, web_site)


@pytest.fixture
def page(opened):
    """The page, ready for a picture."""
    from web_page_samples import HARMLESS, forget

    opened.look()
    forget(opened)
    opened.requests.clear()
    opened.messages.clear()
    yield opened
    assert set(opened.messages) <= HARMLESS


@pytest.fixture
def call(capfd):
    """Calls the command line; returns exit code, the JSON of the last line, and stderr."""
    from tfppdnn.cli import main

    def run(*arguments):
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capfd.readouterr()
        lines = said.out.strip().splitlines()
        return code, json.loads(lines[-1]) if lines and code != 2 else None, said.err

    return run
