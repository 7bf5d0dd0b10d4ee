"""The pages say only what is so: verbs, options, files, names, settings."""

import ast
import importlib.util
import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest
from test_architecture import RANK

from benchmarks import growth_page, records
from tfppdnn.cli.command_line import VERBS
from tfppdnn.experiments import __main__ as experiments
from tfppdnn.experiments.__main__ import VERBS as EXPERIMENTS
from tfppdnn.experiments.presets_table import presets_table
from tfppdnn.files import read_json
from tfppdnn.leakage.level import MUCH_FROM, PICTURES_FROM, Level
from tfppdnn.leakage.measures import MEASURES
from tfppdnn.serving import ServerSettings
from tfppdnn.settings import OF_STAGE, PRESETS, make_settings
from tfppdnn.settings.audit import AUDIT_PRESETS, make_audit_settings

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "export/*.md", "export/*/*.md", "results/*.md")
    for path in ROOT.glob(pattern)
)
# Of the scripts and programs that pages name beside the verbs.
OTHER_OPTIONS = {"version", "answers", "models", "saved_model", "vector", "prefix"}


OF_TRAIN = set().union(*(make_settings(name).options() for name in PRESETS))
OF_CLASSIFY = make_settings().options(*OF_STAGE["classifier"]).keys()
OF_AUDIT = make_audit_settings().options().keys()
OF_SERVE = ServerSettings().options().keys()

# The verbs that take settings by their own names.
SETTINGS_OF = {
    "train": OF_TRAIN,
    "classify": OF_CLASSIFY,
    "audit": OF_AUDIT,
    "table1": OF_AUDIT | OF_CLASSIFY,
    "frontier": OF_AUDIT | OF_TRAIN,
    "serve": OF_SERVE,
}


def options_of(verb):
    function = getattr(import_module(f"tfppdnn.cli.{verb}"), verb)
    return {"help", *inspect.signature(function).parameters, *SETTINGS_OF.get(verb, ())}


def options_of_experiments(verb):
    return {"help", *inspect.signature(getattr(experiments, verb)).parameters}


def read(page):
    """A page, with the lines of a command that goes on made one."""
    return re.sub(r"\\\n\s*", "", (ROOT / page).read_text())


def rows(text):
    """The cells of every line of every table."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("| ")
    ]


def script(name):
    """A script of results/, as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / f"results/{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_results_page_holds_its_table():
    page = read("results/README.md")
    (names,) = re.findall(r"`python results/table.py ([\w -]+)`", page)
    assert script("table").table(names.split()) in page


def test_the_results_page_says_what_was_to_be_reached_and_was_not():
    assert script("goals").table() in read("results/README.md")


def test_the_benchmarks_page_holds_what_the_records_say():
    assert read("results/benchmarks/README.md") == records.table()


def test_the_presets_page_holds_what_the_record_of_growth_says():
    points = read_json(records.FOLDER / "growth.json")["points"]
    assert growth_page.table(points) in read("docs/presets.md")


def test_the_privacy_page_says_who_gets_what_as_the_audits_do():
    assert script("decision").table() in read("docs/privacy.md")


def test_the_first_page_is_short_and_so_are_its_sentences():
    page = (ROOT / "README.md").read_text()
    lines = page.splitlines()
    assert len(lines) <= 150
    assert max(map(len, lines)) <= 120
    prose = re.sub(r"```.*?```|<[^>]*>", "", page, flags=re.DOTALL)
    prose = re.sub(r"\]\([^)]*\)|`[^`]*`", "code", prose)
    blocks = re.split(r"\n\s*\n|\||\n- |\n#+ ", prose)
    sentences = [one for block in blocks for one in re.split(r"[.!?]\W*\s", block)]
    assert len(sentences) > 100
    assert not [one for one in sentences if len(one.split()) > 25]


def test_the_audit_page_tells_every_measure_and_every_verdict():
    told = {cells[0]: cells for cells in rows(read("docs/audit.md"))}
    for key, measure in MEASURES.items():
        assert told[f"`{key}`"][2].startswith(f"`{measure.blind_suffix}`")
    shares = [f"{PICTURES_FROM} or more", f"{MUCH_FROM} to {PICTURES_FROM}", "less"]
    for level, share in zip((Level.PICTURES, Level.MUCH, Level.TRACES), shares, strict=True):
        assert told[level.comes_back][1] == share


def test_the_presets_page_holds_the_presets():
    assert (ROOT / "docs/presets.md").read_text().endswith(presets_table())


def test_the_audit_page_holds_its_presets():
    shown = {row[0]: row[1:] for row in rows(read("docs/audit.md")) if row[0].startswith("`--")}
    assert shown == {
        f"`--{name}`": [_written(getattr(preset(), name)) for preset in AUDIT_PRESETS.values()]
        for name in OF_AUDIT
    }


def _written(value):
    return {int: "{:,}", float: "{:g}", str: "{}"}[type(value)].format(value)


def test_the_audit_page_names_every_attack():
    (table,) = re.findall(r"\n## The attacks\n(.*?)\n### ", read("docs/audit.md"), re.DOTALL)
    named = [row[0].strip("`") for row in rows(table)[1:]]
    modules = (path.read_text() for path in sorted((ROOT / "tfppdnn/attacks").glob("*.py")))
    there = [name for text in modules for name in re.findall(r'^    name = "(\w+)"', text, re.M)]
    assert sorted(named) == sorted(there)


def test_the_import_order_is_the_one_that_is_checked():
    text = (ROOT / "CONTRIBUTING.md").read_text()
    (table,) = re.findall(r"\n## Where things are\n(.*?)\nOutside the package", text, re.DOTALL)
    lines = [re.findall(r"`(\w+)/?`", row[0]) for row in rows(table)[1:]]
    ranks = [[RANK[part] for part in line] for line in lines]
    assert {part for line in lines for part in line} == RANK.keys()
    assert [rank for line in ranks for rank in line] == sorted(RANK.values())


def test_the_first_page_shows_every_verb():
    shown = set(re.findall(r"python -m tfppdnn (\w+)", read("README.md")))
    assert shown | {"export"} == set(VERBS)


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)\)", read(page)):
        if not target.startswith("http"):
            assert (ROOT / page).parent.joinpath(target).exists(), target


def test_results_hold_what_a_reader_opens_and_no_more():
    """What a command makes again, such as reports and reconstructions, is not kept."""
    kept = [path for path in (ROOT / "results").rglob("*") if path.is_file()]
    kept = [path for path in kept if "__pycache__" not in path.parts]
    assert {path.suffix for path in kept} == {".csv", ".json", ".md", ".png", ".py"}
    linked = {
        (ROOT / page).parent.joinpath(target).resolve()
        for page in [*PAGES, "results/frontier-cifar10/frontier.md"]
        for target in re.findall(r"\]\(([^)#]+)\)", read(page))
    }
    assert {path for path in kept if path.suffix == ".png"} <= linked
    assert sum(path.stat().st_size for path in kept) < 3.2e6


@pytest.mark.parametrize("page", PAGES)
def test_commands_exist(page):
    text = read(page)
    for verb in re.findall(r"python -m tfppdnn ([a-z]\w*)", text):
        assert verb in VERBS
    for program, verb in re.findall(r"python -m (tfppdnn\.[\w.]+)(?: ([a-z]\w*))?", text):
        assert program == "tfppdnn.experiments"
        assert verb in ("", *EXPERIMENTS)
    for script in re.findall(r"python ([\w/]+\.py)", text):
        assert (ROOT / script).is_file(), script


@pytest.mark.parametrize("page", PAGES)
def test_options_exist(page):
    text = read(page)
    for program, verb, rest in re.findall(r"python -m (tfppdnn[\w.]*) (\w+)([^`\n#]*)", text):
        own = options_of(verb) if program == "tfppdnn" else options_of_experiments(verb)
        for option in re.findall(r"--(\w+)", rest):
            assert option in own, f"{verb} --{option}"
    of_spark = set(re.findall(r'"--(\w+)"', read("export/spark/protect_job.py")))
    known = set().union(*map(options_of, VERBS)) | OTHER_OPTIONS | of_spark
    for option in re.findall(r"`--(\w+)", text):
        assert option in known, option


@pytest.mark.parametrize("page", PAGES)
def test_what_is_imported_exists(page):
    """Without importing it: that takes seconds."""
    for module, names in re.findall(
        r"^from (tfppdnn[\w.]*) import ([\w, ]+?) *(?:#.*)?$", read(page), re.M
    ):
        path = ROOT / module.replace(".", "/")
        text = (path / "__init__.py" if path.is_dir() else path.with_suffix(".py")).read_text()
        for name in names.split(", "):
            assert re.search(rf"\b{name}\b", text), f"{module}.{name}"


EXAMPLES = [
    pytest.param(block, id=f"{page} {number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```python\n(.*?)```", read(page), re.DOTALL))
]


@pytest.mark.parametrize("block", EXAMPLES)
def test_examples_call_what_is_there_with_what_it_takes(block):
    nodes = list(ast.walk(ast.parse(block)))
    ours = {
        alias.name: getattr(import_module(node.module), alias.name)
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module.partition(".")[0] == "tfppdnn"
        for alias in node.names
    }
    for call in (node for node in nodes if isinstance(node, ast.Call)):
        whole, _, method = ast.unparse(call.func).partition(".")
        if whole in ours:
            called = getattr(ours[whole], method) if method else ours[whole]
            inspect.signature(called).bind(*call.args, **{one.arg: one for one in call.keywords})
