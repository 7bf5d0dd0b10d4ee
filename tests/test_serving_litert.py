"""A classifier is served without TensorFlow, and answers what its SavedModel answers."""

import io
import json
import shutil
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from PIL import Image
from serving_samples import NAMES, export_tiny_classifier, noise, png
from test_installation import HIDING

from tfppdnn.commands import _MODULES_OF
from tfppdnn.images.photographs import photographs
from tfppdnn.serving import start
from tfppdnn.serving.images import resized
from tfppdnn.serving.refusal import Refusal
from tfppdnn.serving.served_model import load_model
from tfppdnn.serving.tensorflow_model import TensorFlowModel

# What one level of one pixel more or less may change.
ONE_LEVEL = 5e-3
FILE = "assets.extra/classifier.tflite"


@pytest.fixture(scope="module")
def classifier(served_run):
    return served_run / "classifier"


@pytest.fixture(scope="module")
def without_file(classifier, tmp_path_factory):
    """As earlier versions wrote it."""
    folder = tmp_path_factory.mktemp("earlier") / "classifier"
    shutil.copytree(classifier, folder, ignore=shutil.ignore_patterns("*.tflite"))
    return folder


@pytest.fixture(scope="module")
def by_litert(classifier):
    return load_model(classifier)


@pytest.fixture(scope="module")
def by_tensorflow(without_file):
    model = load_model(without_file)
    assert isinstance(model, TensorFlowModel)
    return model


def assert_same(answers, others, *, atol):
    assert answers.keys() == others.keys()
    for name in answers:
        assert answers[name].dtype == others[name].dtype
    np.testing.assert_allclose(answers["probabilities"], others["probabilities"], rtol=0, atol=atol)
    sure = np.diff(np.sort(others["probabilities"], axis=1)[:, -2:]).ravel() > 2 * atol
    for name in ("class_id", "label"):
        np.testing.assert_array_equal(answers[name][sure], others[name][sure])


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_pixels(by_litert, by_tensorflow, count):
    answers, others = (
        model.run("serving_default", noise(count)) for model in (by_litert, by_tensorflow)
    )
    assert len(answers["label"]) == count
    assert_same(answers, others, atol=1e-6)


@pytest.mark.parametrize("size", [(40, 24), (5, 5), (8, 9)])
def test_pixels_of_other_sizes(by_litert, by_tensorflow, size):
    pictures = np.stack([picture[: size[0], : size[1]] for picture in photographs()[:5]])
    answers, others = (
        model.run("serving_default", pictures) for model in (by_litert, by_tensorflow)
    )
    assert_same(answers, others, atol=ONE_LEVEL)


def file_of(picture, kind, **settings):
    encoded = io.BytesIO()
    picture.save(encoded, kind, **settings)
    return encoded.getvalue()


PICTURE = Image.fromarray(photographs()[0][:8, :8])
DEEP = np.arange(64, dtype=np.uint16).reshape(8, 8) * 1000


@pytest.mark.parametrize(
    "content",
    [
        png(np.asarray(PICTURE)),
        file_of(PICTURE, "JPEG", quality=80),
        file_of(PICTURE.convert("L"), "JPEG"),
        file_of(PICTURE.convert("L"), "PNG"),
        file_of(PICTURE.convert("P"), "PNG"),
        file_of(PICTURE.convert("LA"), "PNG"),
        file_of(Image.merge("RGBA", (*PICTURE.split(), PICTURE.convert("L"))), "PNG"),
        file_of(Image.fromarray(DEEP), "PNG"),
    ],
    ids=["png", "jpeg", "grey jpeg", "grey png", "palette", "grey alpha", "alpha", "16 bits"],
)
def test_files(by_litert, by_tensorflow, content):
    values = np.array([content], object)
    assert_same(by_litert.run("encoded", values), by_tensorflow.run("encoded", values), atol=1e-6)


def test_files_of_several_sizes(by_litert, by_tensorflow):
    values = np.empty(3, object)
    values[:] = [png(photographs()[n][: 8 + 9 * n, : 8 + 5 * n]) for n in range(3)]
    answers = by_litert.run("encoded", values)
    assert_same(answers, by_tensorflow.run("encoded", values), atol=ONE_LEVEL)


@pytest.mark.parametrize("model", ["by_litert", "by_tensorflow"])
@pytest.mark.parametrize("content", [png(noise(1)[0])[:60], b"nothing"])
def test_a_broken_file_is_refused_alike(request, model, content):
    with pytest.raises(Refusal, match="cannot decode image_bytes"):
        request.getfixturevalue(model).run("encoded", np.array([content], object))


def test_a_file_of_another_classifier_is_not_served(classifier, tmp_path):
    shutil.copytree(classifier, tmp_path / "classifier")
    labels = tmp_path / "classifier/assets.extra/labels.json"
    assert json.loads(labels.read_text()) == NAMES
    labels.write_text(json.dumps(NAMES[:2]))
    with pytest.raises(ValueError, match="of another classifier"):
        load_model(tmp_path / "classifier")


def test_a_classifier_without_a_signature_is_none(classifier, tmp_path):
    shutil.copytree(classifier, tmp_path / "classifier")
    file = tmp_path / "classifier/saved_model.pb"
    file.write_bytes(file.read_bytes().replace(b"encoded", b"encodeX"))
    with pytest.raises(ValueError, match="not a classifier made by"):
        load_model(tmp_path / "classifier")


@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (3000, 1), (8, 3)])
def test_whichever_side_is_resized_first(shape):
    """Within a level of what Pillow makes of both at once."""
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    both = Image.fromarray(picture).resize((8, 10), Image.Resampling.BILINEAR)
    difference = resized(picture, (10, 8)).astype(int) - np.asarray(both)
    assert np.abs(difference).max() <= 1


class StoppedError(Exception):
    pass


@pytest.mark.parametrize(("versions", "loaded"), [("good", 0), ("good, empty", 0), ("earlier", 1)])
def test_tensorflow_is_loaded_for_what_needs_it(
    classifier, without_file, tmp_path, monkeypatch, versions, loaded
):
    def stop(*arguments, **settings):
        raise StoppedError

    kinds = {"good": classifier, "earlier": without_file}
    for number, kind in enumerate(versions.split(", "), 1):
        folder = tmp_path / str(number)
        folder.symlink_to(kinds[kind]) if kind in kinds else folder.mkdir()
    calls = []
    monkeypatch.setattr(start, "import_tensorflow", lambda: calls.append(1))
    monkeypatch.setattr("tfppdnn.serving.server.Server", stop)
    with pytest.raises(StoppedError):
        start.serve(tmp_path)
    assert len(calls) == loaded


def without_tensorflow(code, *arguments):
    """Runs code where only `pip install '.[serve]'` was called."""
    hidden = set.union(*_MODULES_OF.values()) - _MODULES_OF["serve"]
    done = subprocess.run(
        [
            *(sys.executable, "-c", textwrap.dedent(HIDING) + textwrap.dedent(code)),
            *(",".join({*hidden, "tensorflow_serving"}), *map(str, arguments)),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_it_is_served_where_there_is_no_tensorflow(served_run, tmp_path):
    picture = noise(1)[0]
    Image.fromarray(picture).save(tmp_path / "it.png")
    code = """
        from pathlib import Path
        from tfppdnn.client import Client
        from tfppdnn.serving import Server, ServerSettings, in_background

        class Sent:
            def protect(self, images):
                return 255 - images

        settings = ServerSettings(rest_port=0, grpc_port=0)
        with in_background(Server(Path(sys.argv[1]), settings=settings)) as server:
            for address in (f"http://{server.rest_address}", f"grpc://{server.grpc_address}"):
                (answer,) = Client(address, protector=Sent()).classify(sys.argv[2])
                print(answer.label)
        assert "tensorflow" not in sys.modules
    """
    code_, said, errors = without_tensorflow(code, served_run, tmp_path / "it.png")
    assert (code_, errors) == (0, "")
    answers = load_model(served_run / "classifier").run("serving_default", 255 - picture[None])
    assert said.split() == 2 * [answers["label"][0].decode()]


def test_what_needs_tensorflow_says_so(without_file):
    verb = "from tfppdnn.cli import main\nsys.exit(main(sys.argv[1:]))"
    code, said, errors = without_tensorflow(verb, "serve", without_file)
    assert (code, said) == (2, "")
    assert errors.splitlines() == [
        "tfppdnn serve: tensorflow is not installed; run: pip install 'tfppdnn[train]'"
    ]


@pytest.mark.parametrize("damage", [b"", b"TFL3 and no more"])
def test_a_damaged_file_is_no_classifier(tmp_path, damage):
    export_tiny_classifier(tmp_path / "classifier")
    (tmp_path / "classifier" / FILE).write_bytes(damage)
    with pytest.raises((ValueError, RuntimeError)):
        load_model(tmp_path / "classifier")
