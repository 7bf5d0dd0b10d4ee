"""Every port that there is answers the same two vectors, one of them with noise."""

import base64
import contextlib
import functools
import http.server
import json
import threading

import numpy as np
import pytest
from conformance_samples import VECTOR
from kotlin_port import run_port
from PIL import Image
from web_page_samples import WEB

from tfppdnn.images.files import read_image

pytestmark = pytest.mark.slow


def by_kotlin(request, vector, answers):
    """export/android/Protector.kt, with LiteRT's interpreter."""
    run_port(request.getfixturevalue("kotlin_classes"), "answer", vector, answers)


def by_litert_js(request, vector, answers):
    """export/web/protector.js, with LiteRT.js in Chromium."""
    browser = request.getfixturevalue("browser")
    site = request.getfixturevalue("tmp_path") / "site"
    site.mkdir()
    for name in ("vendor", "protector.js"):
        (site / name).symlink_to(WEB / name)
    (site / "protector_web.tflite").symlink_to(vector / "models/protector_web.tflite")
    (site / "index.html").write_text("<!doctype html><title>a page</title>")
    with served(site) as address:
        browser.open("about:blank")
        browser.open(address)
        browser.wait_for("document.title === 'a page'")
        browser.evaluate("""(async () => {
            const {Protector} = await import('./protector.js');
            globalThis.protector = await Protector.load();
        })()""")
        for case in json.loads((vector / "manifest.json").read_text())["cases"]:
            if case["model"] == "protector_web.tflite":
                made = browser.evaluate(protecting(case, read_image(vector / case["image"])))
                pixels = np.frombuffer(base64.b64decode(made), np.uint8)
                file = answers / case["expected"]
                file.parent.mkdir(parents=True, exist_ok=True)
                Image.fromarray(pixels.reshape(case["height"], case["width"], 3)).save(file)


def protecting(case, image):
    """The JavaScript that protects one case, and returns its bytes in base64."""
    noise = f", new Int32Array({case['noise']})" if "noise" in case else ""
    given = base64.b64encode(image.tobytes()).decode()
    return f"""(async () => {{
        const given = Uint8Array.from(atob('{given}'), (one) => one.charCodeAt(0));
        const made = await protector.protect(given, {case["height"]}{noise});
        return btoa(Array.from(made, (one) => String.fromCharCode(one)).join(''));
    }})()"""


@contextlib.contextmanager
def served(folder):
    """Serves a folder, and says where."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            """Nothing is logged."""

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


PORTS = {
    "Kotlin": (by_kotlin, ["protector.tflite", "protector_fp16.tflite", "protector_int8.tflite"]),
    "LiteRT.js": (by_litert_js, ["protector_web.tflite"]),
}


@pytest.mark.parametrize("noise", [False, True], ids=["without_noise", "with_noise"])
@pytest.mark.parametrize("port", PORTS)
def test_a_port_answers_the_vector(port, noise, check, request, tmp_path, capsys):
    vector = request.getfixturevalue("private") / "conformance" if noise else VECTOR
    answer, models = PORTS[port]
    answer(request, vector, tmp_path)
    code = check["main"]([f"--vector={vector}", f"--answers={tmp_path}", "--models", *models])
    said = capsys.readouterr().out
    assert code == 0, said
    assert said == f"answers: {18 if port == 'Kotlin' else 4} cases agree\n"
