import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from google.protobuf import text_format
from serving_samples import export_tiny_classifier
from tensorflow_serving.config import model_server_config_pb2

from tfppdnn.serving import ServerSettings

KIT = Path(__file__).parent.parent / "export" / "serving"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("run")
    export_tiny_classifier(path / "classifier")
    return path


@pytest.fixture(scope="module")
def checked(run):
    """Runs the script, in one process for all folders: it takes seconds to start.

    Returns its exit code, and what it says of a folder.
    """
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import check\n"
        "for line in sys.stdin:\n"
        "    code = check.main([line.strip()])\n"
        "    print(f'exit code {code}', flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(KIT)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:

        def ask(folder):
            print(folder, file=process.stdin, flush=True)
            lines = []
            while not (line := process.stdout.readline().strip()).startswith("exit code"):
                assert line
                lines.append(line.removeprefix(f"{folder}: "))
            return int(line.split()[-1]), lines

        yield ask
        process.stdin.close()


@pytest.fixture
def faults(checked):
    """The faults that the script names."""

    def of_folder(folder):
        code, found = checked(folder)
        assert code == 1
        return found

    return of_folder


def saved(function, signature, directory, *, name="serving_default"):
    module = tf.Module()
    module.call = tf.function(function, input_signature=[signature])
    tf.saved_model.save(module, str(directory), signatures={name: module.call})
    return directory


def test_a_classifier_has_no_faults_where_neither_tfppdnn_nor_keras_is(run, checked):
    classifier = run / "classifier"
    assert checked(classifier) == (0, ["TensorFlow Serving can serve it"])
    assert checked(run) == (0, [f"{classifier}: TensorFlow Serving can serve it"])


def test_a_folder_without_a_model_is_no_fault_of_a_model(checked, tmp_path):
    assert checked(tmp_path) == (2, [])


def test_other_signatures_are_named(faults, tmp_path):
    image = tf.TensorSpec([None, None, None, 3], tf.float32, name="image")
    found = faults(saved(lambda image: {"label": image}, image, tmp_path / "other"))
    assert any("input image float32 of rank 4, not image uint8" in fault for fault in found)
    assert any("output label float32" in fault for fault in found)
    assert "signature encoded is missing" in found


def test_a_fixed_batch_size_is_named(faults, tmp_path):
    image = tf.TensorSpec([8, None, None, 3], tf.uint8, name="image")
    found = faults(saved(lambda image: {"label": image}, image, tmp_path / "fixed"))
    assert "signature serving_default: image has a fixed batch size" in found


def test_python_inside_the_graph_is_named(faults, tmp_path):
    def answer(image):
        return {"label": tf.ensure_shape(tf.numpy_function(bytes, [image], tf.string), [])}

    image = tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")
    found = faults(saved(answer, image, tmp_path / "python"))
    assert any(re.fullmatch(r"operation (Eager)?PyFunc(Stateless)? needs Python", f) for f in found)


def test_damage_is_named(run, faults, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run / "classifier", copy)
    next((copy / "variables").glob("*.data*")).unlink()
    assert any("cannot be loaded" in fault for fault in faults(copy))
    (copy / "saved_model.pb").write_bytes(b"\xff")
    assert faults(copy) == ["saved_model.pb is damaged"]


def test_the_model_is_configured_as_serve_names_it():
    config = text_format.Parse(
        (KIT / "models.config").read_text(), model_server_config_pb2.ModelServerConfig()
    )
    (model,) = config.model_config_list.config
    assert model.name == ServerSettings().name
    assert model.model_platform == "tensorflow"
    compose = (KIT / "compose.yaml").read_text()
    assert f"/classifier:{model.base_path}/1:ro" in compose


def test_what_is_commented_out_is_a_configuration_too():
    text = re.sub(
        r"# (?=model_version_policy|version_labels)", "", (KIT / "models.config").read_text()
    )
    config = text_format.Parse(text, model_server_config_pb2.ModelServerConfig())
    (model,) = config.model_config_list.config
    assert list(model.model_version_policy.specific.versions) == [1, 2]
    assert dict(model.version_labels) == {"stable": 1, "canary": 2}


def test_batches_have_the_limits_of_serve():
    text = (KIT / "batching.config").read_text()
    given = dict(re.findall(r"^(\w+) \{ value: (\d+) \}$", text, re.MULTILINE))
    serve = ServerSettings()
    assert int(given["max_batch_size"]) == serve.max_batch_size
    assert int(given["batch_timeout_micros"]) == round(serve.batch_timeout_ms * 1e3)
    assert int(given["max_enqueued_batches"]) * serve.max_batch_size == serve.max_queued


def test_the_image_is_pinned_and_its_files_are_there():
    compose = (KIT / "compose.yaml").read_text()
    assert re.search(r"image: tensorflow/serving:2\.\d+\.\d+$", compose, re.MULTILINE)
    mounted = re.findall(r"- \./(\S+):(/config/\S+):ro", compose)
    assert mounted
    for name, inside in mounted:
        assert (KIT / name).is_file()
        assert f"={inside}\n" in compose
    for port in re.findall(r"- (\S+:\d+:\d+)", compose):
        assert port.startswith("127.0.0.1:")
