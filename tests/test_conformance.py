"""The conformance vector: what any port of the protector is checked against."""

import json
import re

import numpy as np
import pytest
from conformance_samples import EXPORT, VECTOR, make_vector
from PIL import Image


@pytest.fixture(scope="module")
def made(tiny_run, tmp_path_factory):
    """The vector of the tiny run, made by the command."""
    return make_vector(tiny_run, tmp_path_factory.mktemp("vectors") / "conformance")


def test_python_answers_the_committed_vector(check, capsys):
    assert check["main"]([]) == 0, capsys.readouterr().out


def test_the_committed_vector_is_small_and_complete():
    files = [path for path in VECTOR.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 1_000_000
    manifest = json.loads((VECTOR / "manifest.json").read_text())
    assert set(manifest["models"]) == {
        "protector.tflite",
        "protector_fp16.tflite",
        "protector_int8.tflite",
        "protector_web.tflite",
    }
    sizes = {(case["height"], case["width"]) for case in manifest["cases"]}
    assert any(height % 2 and width % 2 and height != width for height, width in sizes)
    web = {case["signature"] for case in manifest["cases"] if "web" in case["model"]}
    assert web == {"protect_32", "protect_64", "protect_96", "protect_224"}


def test_the_committed_protector_protects(check):
    """A vector whose model does nothing would be answered by a port that does nothing."""
    manifest = json.loads((VECTOR / "manifest.json").read_text())
    for case in manifest["cases"]:
        if case["height"] * case["width"] < 100:
            continue
        plain, expected = (check["read_rgb"](VECTOR / case[of]) for of in ("image", "expected"))
        assert np.abs(plain.astype(int) - expected).mean() > 20
        assert expected.std() > 10


@pytest.mark.slow
def test_every_path_of_a_run_answers_its_vector(check, made, tiny_run, capsys):
    arguments = [f"--vector={made}", f"--saved_model={tiny_run / 'protector'}"]
    assert check["main"](arguments) == 0, capsys.readouterr().out
    assert capsys.readouterr().out.splitlines() == [
        "LiteRT: 22 cases agree",
        "CompiledModel: 22 cases agree",
        "SavedModel: 6 cases agree",
    ]
    with pytest.raises(SystemExit):
        check["main"]([*arguments, "--models", "protector_web.tflite"])
    assert "--saved_model is compared with protector.tflite" in capsys.readouterr().err


def copy_answers(made, folder):
    for case in json.loads((made / "manifest.json").read_text())["cases"]:
        (folder / case["expected"]).parent.mkdir(parents=True, exist_ok=True)
        (folder / case["expected"]).write_bytes((made / case["expected"]).read_bytes())


def change(path, by, *, values=None):
    with Image.open(path) as picture:
        pixels = np.array(picture).astype(int)
    pixels.flat[:values] += np.where(pixels.flat[:values] < 128, by, -by)
    Image.fromarray(pixels.astype(np.uint8)).save(path)


@pytest.mark.slow
def test_a_port_that_answers_alike_passes(check, made, tmp_path, capsys):
    copy_answers(made, tmp_path)
    change(tmp_path / "expected/protector/65x96.png", 1, values=10)
    assert check["main"]([f"--vector={made}", f"--answers={tmp_path}"]) == 0
    assert "cases agree" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize(("by", "values", "what"), [(2, 1, "max_diff"), (1, 100, "share_diff")])
def test_a_port_that_answers_otherwise_is_named(check, made, tmp_path, capsys, by, values, what):
    copy_answers(made, tmp_path)
    change(tmp_path / "expected/protector_fp16/65x96.png", by, values=values)
    assert check["main"]([f"--vector={made}", f"--answers={tmp_path}"]) == 1
    said = capsys.readouterr().out.strip().splitlines()
    assert len(said) == 1
    assert said[0].startswith(f"answers: expected/protector_fp16/65x96.png: {what}")


@pytest.mark.slow
def test_missing_and_misshapen_answers_are_named(check, made, tmp_path, capsys):
    copy_answers(made, tmp_path)
    (tmp_path / "expected/protector/5x7.png").unlink()
    Image.new("RGB", (5, 7)).save(tmp_path / "expected/protector_web/32x32.png")
    assert check["main"]([f"--vector={made}", f"--answers={tmp_path}"]) == 1
    said = capsys.readouterr().out
    assert "expected/protector/5x7.png: " in said and "is missing" in said
    assert "expected/protector_web/32x32.png: (7, 5, 3), not (32, 32, 3)" in said


@pytest.mark.slow
def test_answers_that_are_no_pictures_are_named_and_hide_no_others(check, made, tmp_path, capsys):
    copy_answers(made, tmp_path)
    (tmp_path / "expected/protector/5x7.png").write_bytes(b"")
    (tmp_path / "expected/protector_web/32x32.png").unlink()
    assert check["main"]([f"--vector={made}", f"--answers={tmp_path}"]) == 1
    said = capsys.readouterr().out
    assert "expected/protector/5x7.png: cannot be read (" in said
    assert "32x32.png is missing" in said


def test_a_folder_of_something_else_is_not_replaced(tiny_run, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(AssertionError, match="holds something else than an earlier vector"):
        make_vector(tiny_run, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_damaged_manifest_is_named(check, tmp_path, capsys):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(SystemExit):
        check["main"]([f"--vector={tmp_path}"])
    assert "manifest.json is damaged (" in capsys.readouterr().err


@pytest.mark.slow
def test_a_damaged_vector_is_told_from_a_wrong_port(check, made, tmp_path, capsys):
    for path in made.rglob("*.*"):
        (tmp_path / path.relative_to(made)).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path.relative_to(made)).write_bytes(path.read_bytes())
    change(tmp_path / "images/32x32.png", 5)
    (tmp_path / "models/protector.tflite").write_bytes(
        (tmp_path / "models/protector_fp16.tflite").read_bytes()
    )
    assert check["main"]([f"--vector={tmp_path}"]) == 1
    said = capsys.readouterr().out
    assert "models/protector.tflite is another file" in said
    assert "images/32x32.png decodes to other pixels" in said


@pytest.mark.slow
def test_noise_is_part_of_the_vector(check, private, capsys):
    vector = private / "conformance"
    manifest = json.loads((vector / "manifest.json").read_text())
    assert {len(case["noise"]) for case in manifest["cases"]} == {2}
    assert len({tuple(case["noise"]) for case in manifest["cases"]}) > 1
    arguments = [f"--vector={vector}", f"--saved_model={private / 'protector'}"]
    assert check["main"](arguments) == 0, capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.parametrize("interface", ["litert", "compiled_model"])
def test_a_client_that_forgets_the_noise_gets_an_error(interface, check, private):
    vector = private / "conformance"
    protect = check[interface](vector)
    cases = json.loads((vector / "manifest.json").read_text())["cases"]
    smallest = {case["model"]: case for case in reversed(cases)}
    assert len(smallest) == 4
    for case in smallest.values():
        with check["unheard"](), pytest.raises(RuntimeError):
            protect({**case, "noise": [0, 0]})


@pytest.mark.slow
def test_a_port_that_draws_its_own_noise_fails_the_vector(check, private, tmp_path, capsys):
    from tfppdnn import Protector

    vector = private / "conformance"
    manifest = json.loads((vector / "manifest.json").read_text())
    for case in manifest["cases"]:
        file = (tmp_path / case["expected"]).with_suffix(".png")
        file.parent.mkdir(parents=True, exist_ok=True)
        protector = Protector.from_preset(private / "protector.tflite")
        made = protector.protect(check["read_rgb"](vector / case["image"]))
        Image.fromarray(made).save(file)
    assert check["main"]([f"--vector={vector}", f"--answers={tmp_path}"]) == 1
    assert "max_difference" in capsys.readouterr().out


# What each runtime's reference documents:
# https://developers.google.com/edge/api/litert/kotlin/org/tensorflow/lite/InterpreterApi
# https://developers.google.com/edge/api/tflite/swift/Classes/Interpreter
DOCUMENTED = {
    "android/Protector.kt": {
        "create",
        "run",
        "runForMultipleInputsOutputs",
        "resizeInput",
        "allocateTensors",
        "getInputTensor",
        "getInputTensorCount",
        "getInputIndex",
        "getOutputTensor",
        "getOutputTensorCount",
        "getOutputIndex",
        "getLastNativeInferenceDurationNanoseconds",
        "close",
    },
    "ios/Protector.swift": {
        "inputTensorCount",
        "outputTensorCount",
        "invoke",
        "input",
        "output",
        "resizeInput",
        "copy",
        "allocateTensors",
    },
}


@pytest.mark.parametrize("port", DOCUMENTED)
def test_ports_call_only_what_their_runtime_documents(port):
    source = re.sub(r"//.*|/\*(.|\n)*?\*/", "", (EXPORT / port).read_text())
    called = set(re.findall(r"\binterpreter\.(\w+)", source))
    called |= set(re.findall(r"\bInterpreterApi\.(?!Options)(\w+)", source))
    assert {"resizeInput"} < called <= DOCUMENTED[port]
    assert source.count("{") == source.count("}")
    assert source.count("(") == source.count(")")


@pytest.mark.parametrize(
    ("port", "pinned", "tried"),
    [
        (
            "android",
            "com.google.ai.edge.litert:litert:1.4.1",
            "Compiled here, but not for a device",
        ),
        ("ios", "pod 'TensorFlowLiteSwift', '~> 2.10.0'", "Not compiled here"),
    ],
)
def test_ports_pin_their_runtime_and_say_how_far_they_were_tried(port, pinned, tried):
    guide = (EXPORT / port / "README.md").read_text()
    assert pinned in guide
    assert tried in guide


@pytest.mark.parametrize("file", ["Protector.swift", "ConformanceTests.swift"])
def test_what_was_never_compiled_says_so_at_its_top(file):
    assert (EXPORT / "ios" / file).read_text().startswith("// Never compiled")


@pytest.mark.parametrize("port", ["android/ConformanceTest.kt", "ios/ConformanceTests.swift"])
def test_ports_read_the_manifest_that_is_written(port):
    """Every key that a port's test asks for is one that `make.py` writes."""
    source = (EXPORT / port).read_text()
    manifest = json.loads((VECTOR / "manifest.json").read_text())
    limits = {limit for model in manifest["models"].values() for limit in model["allowed"]}
    assert limits <= set(re.findall(r"\w+", source))
    for key in ("models", "cases", "allowed", "expected", "image", "model"):
        assert key in source
        assert key in json.dumps(manifest)
