"""The pages as a site: links, anchors and names of the reference, checked by mkdocs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_the_site_is_built_and_no_link_is_broken(tmp_path):
    pytest.importorskip("mkdocstrings", reason="needs pip install '.[docs]'")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", f"--site-dir={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # Each page at its own path, and the reference says what docstrings say.
    for page in ("", "docs/privacy", "docs/tutorials/train", "results", "tfppdnn/shipped/photos"):
        folder = tmp_path / page
        assert (folder / "index.html").is_file() or (folder / "CARD" / "index.html").is_file()
    assert list((tmp_path / "assets" / "stylesheets").glob("main.*.css"))
    reference = (tmp_path / "docs" / "reference" / "library" / "index.html").read_text()
    assert "Turns plain images into protected ones" in reference
