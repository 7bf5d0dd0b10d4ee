"""What is deployed holds what a server needs, and nothing that is the owner's alone."""

import getpass
import io
import json
import os
import platform
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving_samples import CLIENT, encoded, png, running, url

import tfppdnn
from tfppdnn.datasets import load_dataset
from tfppdnn.errors import UserError
from tfppdnn.gate import load_gate
from tfppdnn.serving.deployment import deploy

# What clients and servers are given; the rest of a run folder stays.
FOR_CLIENTS = ("protector", "protector.tflite", "protector_fp16.tflite", "protector_int8.tflite")


@pytest.fixture(scope="module")
def deployed(classified_run, tmp_path_factory):
    """The folder, and what the command printed."""
    folder = tmp_path_factory.mktemp("deployed") / "digits"
    return folder, deploy(classified_run, folder)


def contents_of(*paths):
    """Every file's bytes, by its path."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return {file: file.read_bytes() for file in files if file.is_file()}


@pytest.fixture
def leaving(deployed, classified_run):
    """Every file that may leave, with its bytes."""
    return contents_of(deployed[0], *(classified_run / name for name in FOR_CLIENTS))


def holders(contents, secrets):
    """Which files hold one of some byte strings."""
    return {file for file, content in contents.items() if any(s in content for s in secrets)}


def test_it_holds_classifier_gate_labels_and_page_and_nothing_else(deployed, classified_run):
    folder, said = deployed
    names = ["classifier", "gate", "labels.json", "protector_web.tflite"]
    assert sorted(entry.name for entry in folder.iterdir()) == names
    assert said == {"deployed": str(folder), "holds": names}
    for name in ("classifier", "gate", "protector_web.tflite"):
        found = contents_of(folder / name)
        assert sorted(found.values()) == sorted(contents_of(classified_run / name).values())
    assert json.loads((folder / "labels.json").read_text()) == list("0123456789")


@pytest.mark.slow
def test_no_file_that_leaves_holds_the_restorer(leaving, classified_run):
    from tfppdnn.protection.building import build_protector, build_restorer
    from tfppdnn.settings import recorded

    config = json.loads((classified_run / "config.json").read_text())
    settings = recorded(config["settings"])
    dataset = load_dataset("digits", data_dir=None, image_size=config["dataset"]["image_size"])
    checkpoints = classified_run / "checkpoints/transformation_network"
    first = len(build_protector(settings, dataset).variables)
    last = first + len(build_restorer(settings, dataset).variables)
    with np.load(max(checkpoints.glob("*.npz"))) as archive:
        weights = [archive[f"{number:04d}"] for number in range(first, last)]
    secrets = [
        array.astype(kind).tobytes()
        for array in weights
        if array.size > 100
        for kind in (np.float32, np.float16)
    ]
    assert len(secrets) > 4
    # They are found where they are.
    assert holders(contents_of(checkpoints), secrets)
    assert not holders(leaving, secrets)


def test_no_file_that_leaves_holds_a_picture(leaving):
    dataset = load_dataset("digits", data_dir=None, image_size=32)
    pictures = [*dataset.train_images[:150], *dataset.test_images[:150]]
    # Two rows from the middle of each, as bytes and as the numbers that networks take.
    rows = [picture[15:17] for picture in pictures]
    rows = [row for row in rows if len(np.unique(row)) > 20]
    assert len(rows) > 200
    assert not holders(leaving, [row.tobytes() for row in rows])
    assert not holders(leaving, [(row / np.float32(255)).tobytes() for row in rows])
    # What no PNG, JPEG or numpy file is without; how a PNG begins stands in the decoders.
    assert not holders(leaving, [b"IHDR", b"JFIF", b"Exif", b"\x93NUMPY", b"PK\x03\x04"])


def test_no_file_that_leaves_holds_a_path_of_this_machine(leaving, classified_run):
    places = [Path(tfppdnn.__file__).parent.parent, Path.home(), Path.cwd(), classified_run.parent]
    words = [os.fspath(place) for place in places if len(place.parts) > 1]
    words += [sys.prefix, "site-packages"]
    # Of two letters, some stand in any weights by chance.
    words += [name for name in (platform.node(), getpass.getuser()) if len(name) > 4]
    assert not holders(leaving, [word.encode() for word in words])


def test_a_server_answers_and_refuses_as_from_the_run_folder(deployed, classified_run):
    folder, _ = deployed
    plain = load_dataset("digits", data_dir=None, image_size=32).test_images[0]
    protected = tfppdnn.load_protector(classified_run).protect(plain)
    with running(folder, gate=load_gate(folder)) as server:
        asked = encoded(png(protected))
        answers = CLIENT.post(url(server, ":predict"), content=asked).json()["predictions"]
    with running(classified_run) as server:
        before = CLIENT.post(url(server, ":predict"), content=asked).json()["predictions"]
    assert answers[0]["label"] == before[0]["label"]
    assert answers[0]["probabilities"] == pytest.approx(before[0]["probabilities"], abs=1e-6)


def test_an_earlier_deployment_is_replaced(deployed, classified_run, tmp_path):
    shutil.copytree(deployed[0], tmp_path / "served")
    (tmp_path / "served/labels.json").write_text("old")
    deploy(classified_run, tmp_path / "served")
    assert (tmp_path / "served/labels.json").read_text() != "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["served"]


def test_somebody_elses_folder_is_not_replaced(classified_run, tmp_path, call):
    (tmp_path / "thesis.txt").write_text("keep me")
    code, _, error = call("export", classified_run, f"--deploy={tmp_path}")
    assert code == 2
    assert f"--deploy={tmp_path}: holds something else" in error
    assert (tmp_path / "thesis.txt").read_text() == "keep me"
    code, _, error = call("classify", "--protector=blur", f"--deploy={tmp_path}")
    assert (code, "holds something else" in error) == (2, True)


def test_a_run_without_a_classifier_is_named(tiny_run, tmp_path):
    with pytest.raises(UserError, match="holds no classifier yet; make one with"):
        deploy(tiny_run, tmp_path / "served")
    assert not list(tmp_path.iterdir())


def test_a_run_folder_is_for_its_owners_eyes(tiny_run):
    assert tiny_run.stat().st_mode & 0o777 == 0o700


def test_pictures_would_be_found(tmp_path):
    picture = io.BytesIO()
    Image.new("RGB", (8, 8)).save(picture, "PNG")
    (tmp_path / "file").write_bytes(b"before" + picture.getvalue())
    assert holders(contents_of(tmp_path), [b"IHDR"]) == {tmp_path / "file"}
