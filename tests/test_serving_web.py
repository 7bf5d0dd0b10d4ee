import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert.interpreter import Interpreter
from exporting_samples import assert_same_pixels
from serving_samples import CLIENT, running, url

from tfppdnn import load_protector
from tfppdnn.errors import UserError
from tfppdnn.images.photographs import photographs
from tfppdnn.serving import web
from tfppdnn.serving.web import CONTENT_SECURITY_POLICY
from tfppdnn.serving.web_protector import check_web_protector, web_protector

ROOT = Path(__file__).parent.parent


@pytest.fixture
def roots(tmp_path, monkeypatch):
    """The installed package's folder and the checkout's, with nothing in them."""
    roots = tmp_path / "package", tmp_path / "checkout"
    monkeypatch.setattr(web, "STATIC_ROOTS", roots)
    return roots


def fill(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")


def test_the_page_of_the_package_comes_first(roots):
    for root in reversed(roots):
        fill(root, "index.html", "vendor/litert.js")
        assert web.page_folder() == root


def test_what_is_missing_is_said_with_its_mend(roots):
    package, checkout = roots
    with pytest.raises(UserError, match="is not installed"):
        web.page_folder()
    fill(checkout, "index.html")
    with pytest.raises(UserError, match=r"run: npm ci --prefix export/web$"):
        web.page_folder()
    fill(package, "index.html")
    with pytest.raises(UserError, match=f"run: npm ci --prefix {package}$"):
        web.page_folder()


def test_a_protector_for_browsers_is_there_or_its_mend_is_said(tmp_path):
    with pytest.raises(UserError, match=r"copy it from the folder of the `train` run"):
        check_web_protector(tmp_path)
    (tmp_path / "protector.tflite").touch()
    with pytest.raises(UserError, match=rf"write it again with .* export {tmp_path}$"):
        check_web_protector(tmp_path)
    (tmp_path / "protector_web.tflite").write_bytes(b"TFL3")
    check_web_protector(tmp_path)
    assert web_protector(tmp_path).read_bytes() == b"TFL3"


def test_the_page_is_not_served_beside_a_model_that_it_does_not_ask_for(web_run, roots, call):
    fill(roots[0], "index.html", "vendor/litert.js")
    code, _, said = call("serve", web_run, "--web", "--name=dogs")
    assert code == 2
    assert said == (
        "tfppdnn serve: --web: the page asks for the model classifier, not dogs; leave --name out\n"
    )


@pytest.mark.slow
def test_the_shipped_protector_has_a_file_for_browsers(shipped_web_run):
    interpreter = Interpreter(str(shipped_web_run / "protector_web.tflite"))
    for size in (32, 96):
        plain = photographs(size)[:2]
        protect = interpreter.get_signature_runner(f"protect_{size}")
        made = np.concatenate([protect(image=image[np.newaxis])["protected"] for image in plain])
        assert_same_pixels(made, load_protector("cifar10").protect(plain))


@pytest.mark.slow
def test_a_file_for_browsers_that_is_there_is_not_made_again(shipped_web_run):
    before = (shipped_web_run / "protector_web.tflite").stat().st_mtime_ns
    assert web_protector(shipped_web_run).stat().st_mtime_ns == before


def test_an_installed_package_has_the_page(tmp_path):
    """What `pip install .` copies."""
    command = [sys.executable, "setup.py", "--quiet", "build", f"--build-base={tmp_path}"]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    page = tmp_path / "lib" / "tfppdnn" / "serving" / "web"
    expected = {path.name for path in (ROOT / "export" / "web").iterdir()}
    expected -= {"node_modules", ".gitignore"}
    assert {path.name for path in page.iterdir()} == expected
    assert (page / "index.html").read_bytes() == (ROOT / "export/web/index.html").read_bytes()


def test_the_browser_client_comes_with_its_types_and_policy(served_run, tmp_path):
    root = tmp_path / "web"
    (root / "wasm").mkdir(parents=True)
    (root / "index.html").write_text("<title>page</title>")
    (root / "wasm" / "lite.wasm").write_bytes(b"\0asm")
    (root / "page.mjs").write_text("export {}")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "protector_web.tflite").write_bytes(b"TFL3")
    with running(served_run, web=(root, tmp_path / "protector_web.tflite")) as server:
        base = f"http://{server.rest_address}"
        answers = {
            path: CLIENT.get(base + path)
            for path in ("/", "/page.mjs", "/wasm/lite.wasm", "/protector_web.tflite")
        }
        outside = CLIENT.get(base + "/%2e%2e/secret.txt")
        status = CLIENT.get(url(server))
    types = {path: answer.headers["content-type"] for path, answer in answers.items()}
    assert types == {
        "/": "text/html; charset=utf-8",
        "/page.mjs": "text/javascript; charset=utf-8",
        "/wasm/lite.wasm": "application/wasm",
        "/protector_web.tflite": "application/octet-stream",
    }
    assert answers["/protector_web.tflite"].content == b"TFL3"
    for answer in answers.values():
        assert answer.headers["content-security-policy"] == CONTENT_SECURITY_POLICY
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert outside.status_code == 404
    assert status.status_code == 200
