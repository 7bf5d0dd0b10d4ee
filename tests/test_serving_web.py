import subprocess
import sys
from pathlib import Path

import pytest
from serving_samples import CLIENT, running, url

from tfppdnn.errors import UserError
from tfppdnn.serving import web
from tfppdnn.serving.web import CONTENT_SECURITY_POLICY

ROOT = Path(__file__).parent.parent


@pytest.fixture
def run(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "protector_web.tflite").write_bytes(b"TFL3")
    return tmp_path / "run"


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


def test_the_page_of_the_package_comes_first(roots, run):
    for root in reversed(roots):
        fill(root, "index.html", "vendor/litert.js")
        assert web.web_files(run) == (root, run / "protector_web.tflite")


def test_what_is_missing_is_said_with_its_mend(roots, run):
    package, checkout = roots
    with pytest.raises(UserError, match="is not installed"):
        web.web_files(run)
    fill(checkout, "index.html")
    with pytest.raises(UserError, match=r"run: npm ci --prefix export/web$"):
        web.web_files(run)
    fill(package, "index.html")
    with pytest.raises(UserError, match=f"run: npm ci --prefix {package}$"):
        web.web_files(run)
    fill(package, "vendor/litert.js")
    (run / "protector_web.tflite").unlink()
    with pytest.raises(UserError, match="tfppdnn export"):
        web.web_files(run)


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
