"""Imports point one way, so that a client can be installed without what trains."""

import ast
from pathlib import Path

import pytest

import tfppdnn

ROOT = Path(tfppdnn.__file__).parent

# From the ground up. A part may import those of lower rows, and itself.
ROWS = (
    (
        "processor",
        "quiet",
        "errors",
        "registration",
        "writing",
        "replacing",
        "streams",
        "interrupts",
    ),
    (
        *("progress", "commands", "files", "python_names", "settings", "signature"),
        *("system_noise", "tf_serving_messages"),
    ),
    ("workers",),
    ("run_record", "ownership"),
    ("timing", "run_folder"),
    ("images",),
    ("datasets",),
    ("models",),
    ("training", "ciphers", "baselines", "leakage"),
    ("protector",),
    ("attacks", "exporting", "client"),
    ("classification", "gate", "reports"),
    ("audit",),
    ("protection",),
    ("serving",),
    ("experiments",),
    ("cli",),
    ("__main__",),
)
RANK = {part: rank for rank, row in enumerate(ROWS) for part in row}
# The package's own face imports what it shows, and is imported by nobody inside.
FACE = "__init__"
HEAVY = {"tensorflow", "keras", "keras_cv", "tensorflow_datasets", "sklearn", "matplotlib"}
MODULES = sorted(ROOT.rglob("*.py"))


def name_of(path):
    return path.relative_to(ROOT).with_suffix("").as_posix()


def part_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports_of(path, *, everywhere=True):
    """Full names of what a module imports; without `everywhere`, only when it is imported."""
    pending, found = [ast.parse(path.read_text())], []
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)} imports relatively"
            found += [f"{node.module}.{alias.name}" for alias in node.names]
        elif everywhere or not runs_later(node):
            pending += ast.iter_child_nodes(node)
    return found


def runs_later(node):
    """Whether importing the module does not run a statement: functions, what is for types only."""
    for_types = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return for_types or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))


def roots_of(path, **settings):
    """The packages that a module imports from."""
    return {name.split(".")[0] for name in imports_of(path, **settings)}


def own_imports(path, **settings):
    """(part, full name) of imports from the package itself."""
    names = [name for name in imports_of(path, **settings) if name.split(".")[0] == "tfppdnn"]
    return [(name.split(".")[1], name) for name in names if "." in name]


def test_every_part_has_its_place():
    assert {part_of(path) for path in MODULES} - {FACE} <= RANK.keys()


def allowed(importer, imported):
    return imported == importer or (imported in RANK and RANK[imported] < RANK[importer])


def test_imports_point_to_lower_rows():
    wrong = [
        f"{name_of(path)} imports {name}"
        for path in MODULES
        for imported, name in own_imports(path)
        if part_of(path) != FACE and not allowed(part_of(path), imported)
    ]
    assert not wrong, "\n".join(wrong)


def file_of(name):
    """The module that an imported name is or lies in."""
    parts = name.split(".")[1:]
    while parts:
        for path in (
            ROOT.joinpath(*parts).with_suffix(".py"),
            ROOT.joinpath(*parts, "__init__.py"),
        ):
            if path.is_file():
                return path
        parts.pop()
    return ROOT / "__init__.py"


def reached_on_import(starts):
    """All modules of the package that are loaded with the given ones."""
    reached, pending = set(), list(starts)
    while pending:
        path = pending.pop()
        if path in reached:
            continue
        reached.add(path)
        # Importing a module imports the packages it lies in.
        pending += [p / "__init__.py" for p in path.parents if ROOT in (p, *p.parents)]
        pending += [file_of(name) for _, name in own_imports(path, everywhere=False)]
    return reached


@pytest.mark.parametrize(
    "start",
    ["__init__.py", "client/**/*.py", "protector/**/*.py", "cli/protect.py", "cli/client.py"],
)
def test_protecting_loads_nothing_that_trains(start):
    starts = list(ROOT.glob(start))
    assert starts
    wrong = {
        name_of(path): sorted(heavy)
        for path in reached_on_import(starts)
        if (heavy := HEAVY & roots_of(path, everywhere=False))
    }
    assert not wrong


def test_only_one_module_knows_keras_cv():
    knowing = {name_of(path) for path in MODULES if "keras_cv" in roots_of(path)}
    assert knowing == {"datasets/augmentation"}


def test_networks_are_keras_only():
    networks = [path for path in MODULES if part_of(path) == "models"]
    # Fused, compiled and asserted where the backend is TensorFlow; Keras's own on others.
    with_both = {f"models/{name}" for name in ("batch_normalization", "fake_pool", "fused_adam")}
    with_both.add("models/inference")
    assert with_both == {name_of(path) for path in networks if "tensorflow" in roots_of(path)}
