"""`python -m tfppdnn.experiments`: the same look as the verbs of the package."""

import subprocess
import sys

import pytest

from tfppdnn.experiments.__main__ import VERBS, main


@pytest.mark.parametrize("arguments", [[], *([verb, "--help"] for verb in VERBS)])
def test_help_teaches_without_tensorflow(arguments):
    script = (
        "import sys\nfrom tfppdnn.experiments.__main__ import main\ncode = main(sys.argv[1:])\n"
        "print(code, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    *shown, last = done.stdout.splitlines()
    assert last == "0 False False"
    assert "python -m tfppdnn.experiments" in "\n".join(shown)
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["shop"], "there is no such verb; did you mean ship?"),
        (["ship"], "run; see python -m tfppdnn.experiments ship --help"),
        (["ship", "runs/mine"], "--out is missing"),
        (["ship", "runs/mine", "--out=x", "--hours=long"], "--hours=long: must be a number"),
        (["compare", "cifar10"], "other; see python -m tfppdnn.experiments compare --help"),
        (["compare", "cifar10", "cifar10", "--images=0"], "--images=0: must be a whole number"),
        (["compare", "cifar10", "nowhere"], "nowhere does not exist"),
    ],
)
def test_a_wrong_call_gets_one_line(arguments, named, capsys):
    assert main(arguments) == 2
    shown, error = capsys.readouterr()
    assert shown == ""
    assert named in error
    assert error.startswith(f"tfppdnn.experiments {arguments[0]}: ")
    assert error.count("\n") == 1


def test_the_presets_are_printed_as_markdown(capsys):
    assert main(["presets_table"]) == 0
    assert capsys.readouterr().out.startswith("### Where the presets depart from the paper\n\n| ")
