"""What Keras knows of us, whichever of the two is imported first."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import tfppdnn
from tfppdnn.protector.shipped import DEFAULT

ROOT = Path(tfppdnn.__file__).parent
SHIPPED = ROOT / "shipped" / DEFAULT / "protector.keras"


def python(script, *arguments):
    command = [sys.executable, "-c", script, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


LOAD = "import sys; print(keras.models.load_model(sys.argv[1]).count_params())"


@pytest.mark.slow
@pytest.mark.parametrize(
    "imports",
    [
        "import tfppdnn, keras",
        "import keras, tfppdnn",
        pytest.param("import tfppdnn, tensorflow, keras", marks=pytest.mark.long),
        # Keras is loaded from within one of our own modules, half of which has run.
        "import tfppdnn.models.layers, keras",
        pytest.param("import tfppdnn.protection.losses, keras", marks=pytest.mark.long),
        pytest.param("import tfppdnn.datasets.batches, keras", marks=pytest.mark.long),
    ],
)
def test_a_shipped_file_just_loads(imports):
    assert int(python(f"{imports}; {LOAD}", SHIPPED)) > 0


def test_importing_the_package_loads_neither_keras_nor_tensorflow():
    script = "import sys, tfppdnn; print({'keras', 'tensorflow'} & set(sys.modules) or 'neither')"
    assert python(script) == "neither"


@pytest.mark.slow
def test_an_import_of_keras_that_fails_fails_as_ever_and_can_be_repeated(tmp_path):
    (tmp_path / "keras.py").write_text("import os\nos.environ['TRIED']\n")
    script = (
        "import os, sys, tfppdnn\n"
        "try: import keras\n"
        "except KeyError: print('failed')\n"
        "sys.path.remove(sys.argv[1])\n"
        "import keras\n" + LOAD.replace("argv[1]", "argv[2]")
    )
    script = f"import sys; sys.path.insert(0, sys.argv[1])\n{script}"
    assert int(python(script, tmp_path, SHIPPED)) > 0


def registered_here():
    """The names under which modules of the package register classes."""
    for path in sorted(ROOT.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            decorators = getattr(node, "decorator_list", [])
            if any("register_keras_serializable" in ast.unparse(each) for each in decorators):
                yield f"tfppdnn>{node.name}"


@pytest.mark.slow
def test_keras_knows_every_class_that_any_module_registers():
    names = list(registered_here())
    assert "tfppdnn>CycleGAN" in names
    assert "tfppdnn>UnsharedConvolution" in names
    script = (
        "import sys, keras, tfppdnn\n"
        "print([n for n in sys.argv[1:] if keras.saving.get_registered_object(n) is None])"
    )
    assert python(script, *names) == "[]"
