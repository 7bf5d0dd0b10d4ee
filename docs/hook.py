"""Makes a site of the repository's pages, each at its own path: a hook of mkdocs.

So a link means the same on the site as in a checkout, and `mkdocs build --strict` checks it. What
pages link to, such as a picture or a script, goes along.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PAGES = (
    "*.md",
    "docs/**/*.md",
    "export/*.md",
    "export/*/*.md",
    "results/**/*.md",
    "benchmarks/*.md",
    "tfppdnn/shipped/*/*.md",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Puts the repository's pages in the place of those of `docs_dir`, which are among them."""
    root = Path(config.config_file_path).parent
    pages = {path for pattern in PAGES for path in root.glob(pattern)}
    named = {
        (page.parent / target).resolve()
        for page in pages
        for target in re.findall(r'(?:\]\(|src=")([^)#"\s]+)', page.read_text(encoding="utf-8"))
    }
    for file in list(files):
        if file.src_dir == config.docs_dir:  # And not the theme's.
            files.remove(file)
    for path in sorted(pages | {path for path in named if path.is_file()}):
        place = path.relative_to(root).as_posix()
        files.append(File.generated(config, place, abs_src_path=str(path)))
    return files
