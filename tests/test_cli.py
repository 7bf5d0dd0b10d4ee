import importlib
import inspect
import re
import signal
import subprocess
import sys

import pytest

import tfppdnn
from tfppdnn.cli import main
from tfppdnn.cli.command_line import VERBS
from tfppdnn.commands import Program
from tfppdnn.errors import UserError
from tfppdnn.writing import in_one_line, rare_percent


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        *(
            pytest.param([verb, "--help"], marks=() if verb == "train" else pytest.mark.slow)
            for verb in VERBS
        ),
        pytest.param(["--help"], marks=pytest.mark.slow),
    ],
)
def test_help_teaches_without_tensorflow(arguments):
    script = (
        "import sys\nfrom tfppdnn.cli import main\ncode = main(sys.argv[1:])\n"
        "print(code, 'tensorflow' in sys.modules, 'keras' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, check=True
    )
    *shown, last = done.stdout.splitlines()
    assert last == "0 False False"
    assert "python -m tfppdnn" in "\n".join(shown)
    assert "FIRE_METADATA" not in done.stdout
    assert done.stderr == ""


def test_help_of_train_lists_every_setting(call, capfd):
    from tfppdnn.cli import main
    from tfppdnn.settings import PRESETS, make_settings

    main(["train", "--help=all"])
    shown = capfd.readouterr().out
    for option in {option for name in PRESETS for option in make_settings(name).options()}:
        assert f"--{option}=" in shown


def test_help_of_train_shows_the_ten_options_that_people_use(capsys):
    main(["train", "--help"])
    shown = capsys.readouterr().out
    assert " -p, " not in shown  # A letter may be that of a setting, too.
    options = re.findall(r"^    --(\w+)=", shown, flags=re.MULTILINE)
    assert options == [
        *("dataset", "data_dir", "preset", "out", "reuse", "seed", "skip_bad"),
        *("image_size", "objective", "transform_steps"),
    ]
    assert shown.rstrip().endswith("python -m tfppdnn train --help=all")
    main(["train", "--help=all"])
    assert "--help=all" not in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["audit", "table1", "serve"])
def test_short_help_names_settings_that_there_are(verb, capsys):
    common = importlib.import_module(f"tfppdnn.cli.{verb}").COMMON
    main([verb, "--help"])
    shown = capsys.readouterr().out
    assert common and all(f"    --{option}=" in shown for option in common)
    main([verb, "--help=all"])
    assert len(capsys.readouterr().out) > len(shown)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (["train", "--out"], "--out needs a value, as in --out=OUT"),
        (
            ["train", "--data_dir", "--seed=1"],
            "--data_dir needs a value, as in --data_dir=DATA_DIR",
        ),
        (["export", "run", "--data-dir"], "--data-dir needs a value, as in --data-dir=DATA_DIR"),
        (["train", "--out="], "--out= is empty, as from a shell variable that is not set; give"),
        (["train", "--noout"], "--noout: --out has a value; leave it out for none"),
        (["serve", "run", "--name", "--web"], "--name needs a value, as in --name=NAME"),
        (["train", "--dataset=~nobody-is-this/x"], "nobody-is-this/x"),
        (["export", "~nobody-is-this", "--deploy=x"], "nobody-is-this"),
        (["export", "run", "--deploy=x", "--data_dir=y"], "--data_dir: not needed with --deploy"),
        (["train", "--privacy_choices=16"], "--privacy_choices: of words, and there are none;"),
        (
            ["train", "--preset=hardened", "--privacy_epsilon=8", "--code_levels=4"],
            "--code_levels: not with --privacy_epsilon",
        ),
        (["train", "--trunk=x"], "--trunk: a setting of --preset=photos, and this one is quick;"),
        (["train", "--preset=photos", "--trunk=5"], "--trunk=5: expected a file or a name"),
        (["train", "--preset=photos", "--gate_steps=9"], "--gate_steps: not for --preset=photos"),
    ],
)
def test_what_lacks_something_says_what(call, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(call) == 2
    assert said in capsys.readouterr().err.splitlines()[-1]
    assert not list(tmp_path.iterdir())


def test_one_of_a_large_crowd_is_not_written_as_none():
    shares = [0, 0.0002, 0.0004, 0.001, 0.0241, 1]
    assert [*map(rare_percent, shares)] == ["0.0%", "0.02%", "0.04%", "0.1%", "2.4%", "100.0%"]


def test_what_a_terminal_would_obey_is_not_passed_on():
    assert (
        in_one_line("a\x1b]0;title\x07b.jpg\ncannot be read") == "a?]0;title?b.jpg cannot be read"
    )


def test_the_version_is_the_package_s(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tfppdnn {tfppdnn.__version__}\n"


def test_a_call_ends_without_looking_for_what_could_be_freed():
    program = """
import gc
import tfppdnn.cli

class Told:
    def __init__(self):
        self.itself = self  # Which only Python's search for such rings would free.

    def __del__(self):
        print("searched")

gc.disable()  # Or chance might look for them before the end.
Told()
tfppdnn.cli.main(["--version"])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == f"tfppdnn {tfppdnn.__version__}\n"
    assert not done.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["trian"], "tfppdnn trian: there is no such verb; did you mean train?"),
        (["nonsense"], "tfppdnn nonsense: there is no such verb; choose train, protect"),
        (["train", "data/"], "tfppdnn train: data/: use --dataset=data/"),
        (["train", "data/", "--seed=1"], "tfppdnn train: data/: use --dataset=data/"),
        (["audit", "runs/mine"], "tfppdnn audit: runs/mine: use --protector=runs/mine"),
        (["train", "--epsilon=-0.1"], "--epsilon=-0.1: must be greater than 0"),
        (["train", "--transform_step=3"], "did you mean --transform_steps?"),
        (["train", "--seed=one"], "--seed=one: must be a whole number"),
        (["train", "--dataset=/nowhere/photos"], "/nowhere/photos: there is no such folder"),
        (["export", "run", "extra"], "see python -m tfppdnn export --help"),
        (["protect", "only-src"], "dst; see python -m tfppdnn protect --help"),
        (["protect", "a", "b", "--protector=c", "--overwrit"], "--overwrit"),
        (["classify"], "--protector is missing"),
        (["classify", "--protector=/nowhere"], "/nowhere does not exist"),
        (["export", "/nowhere"], "/nowhere: not a run folder"),
    ],
)
def test_a_wrong_call_gets_one_line(call, arguments, named):
    code, _, error = call(*arguments)
    assert code == 2
    assert named in error
    assert len(error.strip().splitlines()) == 1
    assert error.startswith(f"tfppdnn {arguments[0]}: ")


def interrupted(work):
    """The exit code of a verb of which Ctrl-C interrupts the work."""
    program = Program(name="tfppdnn", verbs=["work"], overview="", find=lambda verb: work)
    # Whatever starts the tests in the background has them ignore Ctrl-C.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code = program.main(["work"])
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    return code


@pytest.mark.parametrize("error", [UserError("cannot be loaded"), AssertionError("nesting")])
def test_an_error_that_a_library_makes_of_an_interrupt_is_one(error, capfd):
    def work():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise error from None

    assert interrupted(work) == 130
    assert capfd.readouterr().err.strip().startswith("tfppdnn work: stopped")


@pytest.fixture
def shown(monkeypatch):
    """The classes of what destructors raise, and Python would show."""
    classes = []
    monkeypatch.setattr(sys, "unraisablehook", lambda raised: classes.append(raised.exc_type))
    return classes


def test_what_an_interrupt_leaves_half_made_is_destroyed_without_a_word(shown):
    class Half:
        def __init__(self):
            signal.raise_signal(signal.SIGINT)
            self.content = 1

        def __del__(self):
            print(self.content)

    assert interrupted(lambda: (Half(), 0)) == 130
    assert shown == []


def test_what_a_destructor_raises_without_an_interrupt_is_shown(shown):
    class Half:
        def __del__(self):
            raise ValueError

    def work():
        Half()
        return "done", 0

    program = Program(name="tfppdnn", verbs=["work"], overview="", find=lambda verb: work)
    assert program.main(["work"]) == 0
    assert shown == [ValueError]


def test_an_interrupt_in_a_destructor_is_not_lost(capfd):
    class Left:
        def __del__(self):
            raise KeyboardInterrupt

    def work():
        left = Left()
        del left
        for _ in range(10**8):
            pass
        return "done", 0

    assert interrupted(work) == 130
    said = capfd.readouterr()
    assert said.err.strip().startswith("tfppdnn work: stopped")
    assert "Traceback" not in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["{long}"],
        ["train", "{long}"],
        ["train", "--{long}=1"],
        ["train", "--seed={long}"],
        ["train", "--dataset={words}"],
        ["train", "--out={words}/{long}"],
        ["classify", "--protector={long}"],
        ["frontier", "--cyclegan_values={words}"],
    ],
)
def test_what_was_given_is_not_repeated_for_pages(call, arguments):
    given = {"long": "x" * 20_000, "words": "a word " * 3_000}
    code, _, error = call(*(argument.format(**given) for argument in arguments))
    assert code == 2
    assert len(error.splitlines()) == 1
    assert len(error) < 1_300
    assert error.startswith("tfppdnn ")


def test_what_is_cut_keeps_its_beginning_and_its_end():
    said = in_one_line(f"--seed={'9' * 5_000}: must be\na whole number")
    assert said.startswith("--seed=999")
    assert said.endswith("999: must be a whole number")
    assert len(said) == 300 + len(" must be a whole number")
    path = "/home/somebody/" + "folder/" * 40 + "file"
    assert in_one_line(path) == path


def test_a_wrong_dataset_name_lists_what_exists(call, tmp_path):
    (tmp_path / "my_digits/1.0.0").mkdir(parents=True)
    (tmp_path / "my_digits/1.0.0/dataset_info.json").write_text("{}")
    code, _, error = call("train", "--dataset=my_digit", f"--data_dir={tmp_path}")
    assert code == 2
    assert "my_digits" in error
    assert "digits (embedded)" in error
    assert "Traceback" not in error


def test_a_folder_of_something_else_is_refused(call, tmp_path, tiny_settings):
    (tmp_path / "thesis.txt").write_text("keep me")
    code, _, error = call("train", f"--out={tmp_path}", *tiny_settings)
    assert code == 2
    assert "not a run folder" in error
    assert (tmp_path / "thesis.txt").read_text() == "keep me"


@pytest.mark.parametrize("verb", VERBS)
def test_help_loses_no_word_of_what_an_option_is_for(verb, capsys):
    # fire takes a line with a colon for the next option, and drops the rest of this one's text.
    module = importlib.import_module(f"tfppdnn.cli.{verb}")
    text = inspect.getdoc(getattr(module, verb)).split("Args:\n")[1].split("\n\n")[0]
    main([verb, "--help"])
    shown = " ".join(capsys.readouterr().out.split())

    options = re.split(r"^ {4}(?=\w+: )", text, flags=re.MULTILINE)[1:]
    assert options
    for option in options:
        name, meaning = option.split(": ", 1)
        if name != "settings":
            assert " ".join(meaning.split()) in shown, name
