import http.server
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CONFORMANCE_MODELS = Path(__file__).parent.parent / "export/conformance/vector/models"
PREDICT = "/v1/models/classifier:predict"
RNG = np.random.default_rng(8)


@pytest.fixture(scope="module")
def protector():
    return CONFORMANCE_MODELS / "protector.tflite"


@pytest.fixture
def server():
    """Answers "cat", 75%, to every image, or what `refuse` says."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(handler):  # noqa: N805
            request = json.loads(handler.rfile.read(int(handler.headers["Content-Length"])))
            server.requests.append((handler.path, request))
            one = {"label": "cat", "class_id": 1, "probabilities": [0.25, 0.75]}
            answer = {"predictions": [one] * len(request["instances"])}
            status = 200 if handler.path == PREDICT else 404
            content = json.dumps(answer if status == 200 else {"error": "no model"}).encode()
            handler.send_response(status)
            handler.send_header("Content-Length", str(len(content)))
            handler.end_headers()
            handler.wfile.write(content)

        def log_message(handler, *arguments):  # noqa: N805
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.requests = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    (folder / "inner").mkdir(parents=True)
    for name in ("2024.png", "inner/b.jpg", "c.png"):
        Image.fromarray(RNG.integers(0, 256, (9, 12, 3), np.uint8)).save(folder / name)
    (folder / "notes.txt").write_text("not an image")
    return folder


def test_prints_a_table_and_then_the_figures(server, photos, protector, capfd):
    from tfppdnn.cli import main

    assert main(["client", server.url, str(photos), f"--protector={protector}"]) == 0
    said = capfd.readouterr()
    header, *rows, figures = said.out.splitlines()
    assert header.split() == ["file", "probability", "label"]
    names = [f"{photos}/2024.png", f"{photos}/c.png", f"{photos}/inner/b.jpg"]
    assert [row.split() for row in rows] == [[name, "75.0%", "cat"] for name in names]
    figures = json.loads(figures)
    assert (figures["classified"], figures["failed"], figures["left_out"]) == (3, [], 1)
    assert "left out 1 file not named like a picture (.txt)" in said.err
    assert figures["answers"][0] == {
        "file": names[0],
        "label": "cat",
        "class_id": 1,
        "probability": 0.75,
    }


def test_a_name_that_cannot_be_written_commands_no_terminal(server, photos, protector):
    name = os.fsdecode(b"c\xff\x1b[2J.png")
    (photos / "c.png").rename(photos / name)
    done = subprocess.run(
        [sys.executable, "-m", "tfppdnn", "client", server.url, photos, f"--protector={protector}"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8:strict"},
    )
    assert done.returncode == 0, done.stderr.decode()
    *table, figures = done.stdout.decode().splitlines()
    assert [row.split() for row in table[2:]] == [
        [f"{photos}/c??[2J.png", "75.0%", "cat"],
        [f"{photos}/inner/b.jpg", "75.0%", "cat"],
    ]
    assert json.loads(figures)["answers"][1]["file"] == f"{photos}/{name}"


def test_files_folders_and_patterns_together(server, photos, protector, call):
    pattern = f"{photos}/*.png"
    code, figures, _ = call(
        "client",
        server.url,
        photos / "c.png",
        photos / "inner",
        pattern,
        f"--protector={protector}",
        "--batch_size=2",
        "--size=8",
    )
    assert code == 0
    assert [answer["file"] for answer in figures["answers"]] == [
        f"{photos}/c.png",
        f"{photos}/inner/b.jpg",
        f"{photos}/2024.png",
    ]
    assert [len(request["instances"]) for _, request in server.requests] == [2, 1]


def test_an_image_that_fails_is_named_and_the_others_are_done(server, photos, protector, call):
    (photos / "broken.jpg").write_bytes(b"nothing")
    code, figures, said = call("client", server.url, photos, f"--protector={protector}")
    assert code == 1
    assert figures["classified"] == 3
    assert figures["failed"] == [f"{photos}/broken.jpg"]
    assert "broken.jpg is not a JPEG" in said


def test_files_that_are_no_pictures_do_not_stop_the_others(server, photos, protector, call):
    """As a shell writes out photos/*, and somebody a name that is not there."""
    typed = [photos / "notes.txt", photos / "2024.png", photos / "lost.png", photos / "c.png"]
    code, figures, said = call("client", server.url, *typed, f"--protector={protector}")
    assert code == 1
    assert [answer["file"] for answer in figures["answers"]] == [str(typed[1]), str(typed[3])]
    assert figures["failed"] == [str(typed[0]), str(typed[2])]
    assert "notes.txt is not named like an image" in said and "lost.png does not exist" in said
    code, _, said = call("client", server.url, *typed[::2], f"--protector={protector}")
    assert code == 2
    assert "lost.png does not exist" in said.splitlines()[-1]
    assert "notes.txt is not named" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model=dogs"], "no model"),
        (["--batch_size=0"], "--batch_size"),
        (["--size=big"], "--size"),
        (["--size=1e999"], "--size must be a whole number from 1 to 4096, not inf"),
        (["--batch_size=1e999"], "--batch_size must be a whole number from 1 to 1024, not inf"),
        (["--max_pixels=1e999"], "--max_pixels"),
        (["--timeout=1e999"], "--timeout"),
        (["--protector"], "--protector needs a value"),
        (["--timeout=-1"], "--timeout"),
        (["--max_pixels=10"], None),
        (["--speed=2"], "speed"),
    ],
)
def test_calls_that_are_wrong(server, photos, protector, call, options, message):
    code, _, said = call("client", server.url, photos, f"--protector={protector}", *options)
    if message is None:
        assert code == 1 and "--max_pixels=10" in said
    else:
        assert code == 2 and message in said and "Traceback" not in said


def test_what_is_missing_is_named(server, photos, protector, call, tmp_path):
    for arguments, message in (
        ([server.url], "FILES"),
        ([server.url, photos], "--protector is missing"),
        ([server.url, photos], "cifar10, which ships with tfppdnn"),
        ([server.url, "", f"--protector={protector}"], "empty, as from a shell variable"),
        ([server.url, photos / "notes.txt", f"--protector={protector}"], "convert it to JPEG"),
        ([server.url, tmp_path / "none", f"--protector={protector}"], "does not exist"),
        ([server.url, photos, f"--protector={tmp_path}/none.tflite"], "none.tflite"),
        (["localhost:8501", photos, f"--protector={protector}"], "http://"),
    ):
        code, _, said = call("client", *arguments)
        assert code == 2 and message in said, said
    assert server.requests == []


def test_never_imports_tensorflow(server, photos, protector):
    script = (
        "import sys; from tfppdnn.cli import main; "
        "code = main(sys.argv[1:]); "
        "assert not {'tensorflow', 'keras', 'grpc', 'sklearn', 'matplotlib'} & set(sys.modules); "
        "sys.exit(code)"
    )
    arguments = ["client", server.url, photos, f"--protector={protector}"]
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
