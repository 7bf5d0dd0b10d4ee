import shutil
import threading

import grpc
import numpy as np
import pytest
import tensorflow as tf
from serving_samples import CLIENT, export_tiny_classifier, noise, running, url
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tfppdnn.serving.model_info import status_response
from tfppdnn.serving.version_folders import version_folders
from tfppdnn.serving.versions import ModelVersions

IMAGES = noise(1)
SECONDS = 30


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Two classifiers that answer differently."""
    folder = tmp_path_factory.mktemp("exported")
    return {n: export_tiny_classifier(folder / str(n), seed=n) for n in (1, 2)}


@pytest.fixture
def base(exported, tmp_path):
    """A folder of versions, with the first one."""
    shutil.copytree(exported[1], tmp_path / "1")
    return tmp_path


def states(server):
    answer = CLIENT.get(url(server)).json()["model_version_status"]
    return {status["version"]: status["state"] for status in answer}


def answer_of(server, part=""):
    answer = CLIENT.post(url(server, f"{part}:predict"), json={"inputs": IMAGES.tolist()})
    return answer.json()["outputs"]["probabilities"]


def probabilities(directory):
    signature = tf.saved_model.load(str(directory)).signatures["serving_default"]
    return signature(image=tf.constant(IMAGES))["probabilities"]


def look_twice(server):
    """What changed since the last look is loaded at the second one, if it changes no more."""
    server.versions.poll()
    server.versions.poll()


def test_a_new_version_takes_over(base, exported):
    with running(base) as server:
        np.testing.assert_allclose(answer_of(server), probabilities(exported[1]), atol=1e-6)
        shutil.copytree(exported[2], base / "2")
        look_twice(server)
        np.testing.assert_allclose(answer_of(server), probabilities(exported[2]), atol=1e-6)
        assert states(server) == {"2": "AVAILABLE", "1": "END"}
        gone = CLIENT.post(url(server, "/versions/1:predict"), json={"inputs": IMAGES.tolist()})
    assert gone.status_code == 404


def test_no_request_is_dropped_while_versions_change(base, exported):
    """Clients ask without a pause, by gRPC, whose answers say the version."""
    asking = threading.Event()
    asking.set()
    answered, failed = set(), []
    second = threading.Event()

    def ask(address):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "classifier"
        request.inputs["image"].CopyFrom(tf.make_tensor_proto(IMAGES))
        with grpc.insecure_channel(address) as channel:
            stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
            while asking.is_set():
                try:
                    response = stub.Predict(request, timeout=SECONDS)
                except grpc.RpcError as error:
                    failed.append(error)
                    return
                answered.add(response.model_spec.version.value)
                if 2 in answered:
                    second.set()

    # The server looks by itself here.
    with running(base, poll_seconds=0.01) as server:
        clients = [threading.Thread(target=ask, args=(server.grpc_address,)) for _ in range(3)]
        for client in clients:
            client.start()
        shutil.copytree(exported[2], base / "2")
        took_over = second.wait(SECONDS)
        asking.clear()
        for client in clients:
            client.join(SECONDS)
    assert took_over
    assert not failed
    assert answered == {1, 2}


def test_a_half_copied_version_is_not_served(base, exported):
    with running(base) as server:
        new = base / "2"
        new.mkdir()
        look_twice(server)
        assert states(server) == {"1": "AVAILABLE"}

        (new / "variables").mkdir()
        for name in ("saved_model.pb", "variables/variables.index"):
            shutil.copy(exported[2] / name, new / name)
        server.versions.poll()
        assert states(server) == {"1": "AVAILABLE"}
        # Even one that keeps still for a while.
        server.versions.poll()
        assert states(server) == {"2": "END", "1": "AVAILABLE"}
        status = CLIENT.get(url(server)).json()["model_version_status"][0]["status"]
        assert status["error_code"] == "UNKNOWN"
        np.testing.assert_allclose(answer_of(server), probabilities(exported[1]), atol=1e-6)

        name = "variables/variables.data-00000-of-00001"
        shutil.copy(exported[2] / name, new / name)
        shutil.copytree(exported[2] / "assets.extra", new / "assets.extra")
        look_twice(server)
        assert states(server) == {"2": "AVAILABLE", "1": "END"}
        np.testing.assert_allclose(answer_of(server), probabilities(exported[2]), atol=1e-6)


# What follows needs no TensorFlow: a "SavedModel" is a text, and answers with it.


def write(base, version, text):
    (base / str(version)).mkdir(exist_ok=True)
    (base / str(version) / "saved_model.pb").write_text(text)


def load(path):
    text = (path / "saved_model.pb").read_text()
    if text == "broken":
        raise ValueError(f"{path} is broken")
    return text


@pytest.fixture
def versions(tmp_path):
    """Of a folder with one version, which is loaded."""
    write(tmp_path, 1, "one")
    versions = ModelVersions(
        "m", lambda: version_folders(tmp_path), load, labels={"stable": 1, "canary": 2}
    )
    versions.poll(at_once=True)
    return versions


@pytest.fixture
def unlabelled(tmp_path):
    write(tmp_path, 1, "one")
    versions = ModelVersions("m", lambda: version_folders(tmp_path), load)
    versions.poll(at_once=True)
    return versions


def states_of(versions):
    return {one.number: one.state for one in versions.status("m")}


def test_a_broken_version_changes_nothing(unlabelled, tmp_path):
    write(tmp_path, 2, "broken")
    write(tmp_path, 3, "broken")
    for _ in range(3):
        unlabelled.poll()
    assert states_of(unlabelled) == {1: "AVAILABLE", 2: "END", 3: "END"}
    (status,) = status_response(unlabelled.status("m", version=2)).model_version_status
    assert status.status.error_code
    assert str(tmp_path) not in status.status.error_message


def test_the_newest_that_can_be_loaded_is_served_from_the_start(tmp_path):
    for version, text in ((1, "one"), (2, "two"), (3, "broken")):
        write(tmp_path, version, text)
    versions = ModelVersions("m", lambda: version_folders(tmp_path), load)
    versions.poll(at_once=True)
    assert versions.available() == [2]


def test_an_old_version_stays_for_those_who_use_it(unlabelled, tmp_path):
    with unlabelled.use("m") as old:
        write(tmp_path, 2, "two")
        unlabelled.poll()
        unlabelled.poll()
        assert states_of(unlabelled) == {1: "UNLOADING", 2: "AVAILABLE"}
        assert old.model == "one"
        with unlabelled.use("m") as new:
            assert new.model == "two"
    assert states_of(unlabelled) == {1: "END", 2: "AVAILABLE"}


def test_a_label_keeps_its_version(versions, tmp_path):
    for version, text in ((2, "two"), (3, "three")):
        write(tmp_path, version, text)
    versions.poll()
    versions.poll()
    assert versions.available() == [3, 2, 1]
    for choice, text in (({"label": "stable"}, "one"), ({"label": "canary"}, "two"), ({}, "three")):
        with versions.use("m", **choice) as version:
            assert version.model == text


def test_taking_a_version_away_brings_the_older_one_back(unlabelled, tmp_path):
    write(tmp_path, 2, "two")
    unlabelled.poll()
    unlabelled.poll()
    shutil.rmtree(tmp_path / "2")
    unlabelled.poll()
    assert states_of(unlabelled) == {1: "AVAILABLE", 2: "END"}
    with unlabelled.use("m") as version:
        assert version.model == "one"


def test_an_empty_folder_stops_nothing(unlabelled, tmp_path):
    shutil.rmtree(tmp_path / "1")
    unlabelled.poll()
    with unlabelled.use("m") as version:
        assert version.model == "one"


def test_only_numbers_are_versions(tmp_path):
    for name in ("7", "007", ".2", "2.tmp", "v2", "-2", "\N{SUPERSCRIPT TWO}", "9" * 19):
        (tmp_path / name).mkdir()
    (tmp_path / "3").write_text("a file")
    assert version_folders(tmp_path).keys() == {7}
