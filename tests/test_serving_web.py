import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastapi", reason="needs fastapi")

from tfppdnn.errors import UserError
from tfppdnn.serving import web

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
