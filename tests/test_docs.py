import re
from pathlib import Path

import pytest

from tfppdnn.cli import VERBS
from tfppdnn.reporting.presets_table import presets_table

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/*.md", "export/*.md", "results/*.md")
    for path in ROOT.glob(pattern)
)


def test_the_presets_page_holds_the_presets():
    assert (ROOT / "docs/presets.md").read_text().endswith(presets_table())


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text()
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page):
    text = (ROOT / page).read_text()
    for verb in re.findall(r"python -m tfppdnn ([a-z]\w*)", text):
        assert verb in VERBS
    for module in re.findall(r"python -m (tfppdnn\.[\w.]+)", text):
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


@pytest.mark.parametrize("page", PAGES)
def test_options_exist(page):
    import dataclasses
    import inspect
    from importlib import import_module

    from tfppdnn.presets import Preset

    known = {field.name for field in dataclasses.fields(Preset)}
    for verb in VERBS:
        known |= set(
            inspect.signature(getattr(import_module(f"tfppdnn.verbs.{verb}"), verb)).parameters
        )
    text = (ROOT / page).read_text()
    for line in re.findall(r"python -m tfppdnn .*", text):
        for option in re.findall(r"--(\w+)", line.split("`")[0]):
            assert option in known | {"help"}, line
