"""Every part exports its public names, and each of them is there."""

from importlib import import_module
from pathlib import Path

import pytest

import tfppdnn

ROOT = Path(tfppdnn.__file__).parent
# Those that a program calls; the command line and its experiments are for a shell.
PARTS = sorted(
    path.parent.name
    for path in ROOT.glob("*/__init__.py")
    if path.parent.name not in ("cli", "experiments", "shipped")
)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_exports_what_is_there(part):
    package = import_module(f"tfppdnn.{part}")
    assert package.__all__
    for name in package.__all__:
        assert getattr(package, name) is not None


def test_the_package_itself_shows_the_library():
    assert {
        "AuditReport",
        "Protector",
        "audit",
        "fit_classifier",
        "load_protector",
        "presets",
        "train",
    } <= set(tfppdnn.__all__)
    for name in tfppdnn.__all__:
        assert callable(getattr(tfppdnn, name)) or name == "__version__"
