"""`export/spark/protect_job.py` on a real cluster: a master and two workers on this machine."""

import contextlib
import io
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfppdnn import load_protector
from tfppdnn.images.files import read_image

pyspark = pytest.importorskip("pyspark", reason="needs pyspark: pip install tfppdnn[spark]")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("java") is None, reason="needs Java 17"),
]

ROOT = Path(__file__).parent.parent
JOB = ROOT / "export/spark/protect_job.py"
HOME = Path(pyspark.__file__).parent
COUNT = 90
LONGEST = 600
"""Seconds of a job, on a machine that is slow and busy."""


def environment():
    python = {"PYSPARK_PYTHON": sys.executable, "PYSPARK_DRIVER_PYTHON": sys.executable}
    local = {"SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **python, **local}


@contextlib.contextmanager
def running(folder, *command):
    """A process and its children, all of which end with the body."""
    log = (folder / f"{command[0].rsplit('.')[-1]}-{time.monotonic_ns()}.log").open("w+")
    process = subprocess.Popen(
        [HOME / "bin/spark-class", *command],
        stdout=log,
        stderr=log,
        env=environment(),
        cwd=folder,
        start_new_session=True,
    )
    try:
        yield process, log
    finally:
        kill(process)
        log.close()


def kill(process):
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def until(found, *, seconds=90):
    for _ in range(10 * seconds):
        if result := found():
            return result
        time.sleep(0.1)
    raise AssertionError("it did not come in time")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """The address of a master, and the processes of its two workers."""
    folder = tmp_path_factory.mktemp("spark")
    master = "org.apache.spark.deploy.master.Master"
    worker = "org.apache.spark.deploy.worker.Worker"
    with contextlib.ExitStack() as stack:

        def start(*command):
            return stack.enter_context(running(folder, *command))

        _, log = start(master, "--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
        said = until(lambda: re.search(r"spark://127\.0\.0\.1:\d+", Path(log.name).read_text()))
        workers = []
        for _ in range(2):
            process, log = start(
                *(worker, "--host", "127.0.0.1", "--cores", "1", "--memory", "1g"),
                *("--webui-port", "0", said[0]),
            )
            until(lambda log=log: "Successfully registered" in Path(log.name).read_text())
            workers.append(process)
        yield said[0], workers


def submitted(master, *arguments, log=None):
    command = [HOME / "bin/spark-submit", "--master", master]
    for setting in ("executor.memory=512m", "driver.host=127.0.0.1", "ui.enabled=false"):
        command += ["--conf", f"spark.{setting}"]
    if log is not None:
        log.mkdir(exist_ok=True)
        # As if there were too many pictures for Spark to think of it by itself.
        for setting in (
            "sql.autoBroadcastJoinThreshold=-1",
            "eventLog.enabled=true",
            "eventLog.compress=false",
            f"eventLog.dir={log}",
        ):
            command += ["--conf", f"spark.{setting}"]
    return subprocess.Popen(
        [*command, JOB, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(),
    )


def table(folder):
    from pyarrow import parquet

    return parquet.read_table(folder).to_pylist()


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        pixels = rng.integers(0, 256, (4, 5, 3), np.uint8).repeat(20, 0).repeat(20, 1)
        place = folder / f"class {number % 3}"
        place.mkdir(exist_ok=True)
        Image.fromarray(pixels).save(place / f"{number}.png")
    (folder / "class 0/broken.jpg").write_bytes(b"\xff\xd8\xff no picture")
    return folder


def test_every_picture_comes_out_once_though_a_worker_is_killed(cluster, photos, tmp_path):
    master, workers = cluster
    job = submitted(master, photos, tmp_path / "out", "--protector=cifar10", "--size=32")
    until(lambda: list((tmp_path / "out").glob("part-*")))
    assert job.poll() is None
    kill(workers[1])
    said, _ = job.communicate(timeout=LONGEST)
    assert job.returncode == 1, said[-2000:]  # One picture is broken, which is no fault of Spark.
    assert f"{COUNT} pictures protected, 1 failed" in said
    rows = {Path(row["path"].removeprefix("file:")): row for row in table(tmp_path / "out")}
    assert len(table(tmp_path / "out")) == len(rows) == COUNT + 1
    assert rows.keys() == {path for path in photos.rglob("*.*")}
    broken = rows.pop(photos / "class 0/broken.jpg")
    assert broken["image"] is None and "damaged" in broken["error"]
    protector = load_protector("cifar10")
    for path, row in rows.items():
        assert (row["width"], row["height"], row["error"]) == (32, 32, None)
        made = np.asarray(Image.open(io.BytesIO(row["image"])))
        from tfppdnn.images.resizing import resize_square

        np.testing.assert_array_equal(made, protector.protect(resize_square(read_image(path), 32)))


@pytest.mark.long
def test_a_rerun_protects_what_is_new_and_writes_tfrecords(cluster, tmp_path):
    import tensorflow as tf

    master, _ = cluster
    (tmp_path / "in").mkdir()

    def add(*numbers):
        for number in numbers:
            Image.new("RGB", (40, 40), (number, 0, 0)).save(tmp_path / f"in/{number}.png")

    def run(*more):
        job = submitted(
            *(master, tmp_path / "in", tmp_path / "out", "--protector=cifar10", "--commits=2"),
            *more,
            log=tmp_path / "log",
        )
        said, _ = job.communicate(timeout=LONGEST)
        assert job.returncode == 0, said[-2000:]
        return {row["path"]: row["image"] for row in table(tmp_path / "out")}

    add(1, 2)
    first = run()
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "out").glob("part-*")}
    add(3)
    # As if there had been more partitions once.
    (tmp_path / "records").mkdir()
    (tmp_path / "records/protected-00099.tfrecord").write_bytes(b"of an earlier call")
    second = run(f"--tfrecords={tmp_path / 'records'}")
    assert len(first) == 2 and len(second) == 3
    assert all(path.stat().st_mtime_ns == when for path, when in before.items())
    # No plain picture is sorted through the disks of workers.
    events = "".join(path.read_text() for path in (tmp_path / "log").rglob("*") if path.is_file())
    assert "BroadcastHashJoin" in events and "SortMergeJoin" not in events
    files = [str(path) for path in (tmp_path / "records").glob("*.tfrecord")]
    features = dict.fromkeys(("path", "image"), tf.io.FixedLenFeature([], tf.string))
    read = [
        tf.io.parse_single_example(record, features) for record in tf.data.TFRecordDataset(files)
    ]
    assert {one["path"].numpy().decode(): one["image"].numpy() for one in read} == second


@pytest.mark.long
def test_a_table_holds_pictures_of_one_protector_and_size(cluster, tmp_path):
    def run(*more):
        job = submitted(cluster[0], tmp_path / "in", tmp_path / "out", "--commits=1", *more)
        said, _ = job.communicate(timeout=LONGEST)
        return job.returncode, said

    (tmp_path / "in").mkdir()
    Image.new("RGB", (40, 40), (200, 9, 9)).save(tmp_path / "in/1.png")
    code, said = run("--protector=cifar10", "--size=32")
    assert code == 0, said[-2000:]
    before = table(tmp_path / "out")
    Image.new("RGB", (40, 40), (9, 200, 9)).save(tmp_path / "in/2.png")
    for options, refused in (
        (("--protector=cifar10",), "made with --size=32; do the same, or choose another"),
        (("--protector=photos", "--size=32"), "made with another protector; choose another"),
    ):
        code, said = run(*options)
        assert code == 2, said[-2000:]
        assert f"protect_job.py: {tmp_path / 'out'} holds pictures {refused}" in said
        assert "Traceback" not in said
    assert table(tmp_path / "out") == before
    (tmp_path / "out/_tfppdnn.json").unlink()
    code, said = run("--protector=cifar10", "--size=32")
    assert code == 2 and "does not say how its pictures were made; choose" in said


@pytest.mark.parametrize(
    ("option", "most"), [("--commits=0", 1_000_000), ("--size=0", 4096), ("--size=100000", 4096)]
)
def test_numbers_that_mean_nothing_are_refused_before_spark_is_started(tmp_path, option, most):
    call = [sys.executable, JOB, tmp_path, tmp_path / "out", option]
    done = subprocess.run(call, env=environment(), capture_output=True, text=True)
    assert done.returncode == 2
    assert done.stderr.endswith(f"error: {option}: must be 1 to {most}\n")


@pytest.mark.long
def test_what_it_made_itself_is_passed_by_and_wrong_calls_get_one_line(tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    def run(source, destination, *more):
        job = submitted("local[1]", source, destination, "--protector=cifar10", "--size=32", *more)
        said, _ = job.communicate(timeout=LONGEST)
        return job.returncode, said

    inside = tmp_path / "in/out"
    (tmp_path / "in").mkdir()
    Image.new("RGB", (40, 40), (200, 9, 9)).save(tmp_path / "in/1.png")
    for _ in range(2):
        code, said = run(tmp_path / "in", inside, "--commits=1")
        assert code == 0, said[-2000:]
        assert "1 pictures protected, 0 failed" in said
    parquet.write_table(pa.table({"id": ["a", None], "image": [b"", b""]}), tmp_path / "keys")
    (tmp_path / "file").touch()
    for source, destination, options, refused in (
        ("keys", "new", ["--format=parquet", "--key=id"], "has rows without it; name a column"),
        ("in", "new", ["--format=parquet"], "protect_job.py: "),
        ("in", "file", [], "protect_job.py: "),
    ):
        code, said = run(tmp_path / source, tmp_path / destination, *options)
        assert code == 2, said[-2000:]
        assert refused in said and "Traceback" not in said


@pytest.mark.long
@pytest.mark.parametrize("kind", ["parquet", "tfrecord"])
def test_tables_of_image_bytes_are_read(cluster, tmp_path, kind):
    import pyarrow as pa
    import tensorflow as tf
    from pyarrow import parquet

    file = io.BytesIO()
    Image.new("RGB", (40, 32), (9, 9, 9)).save(file, "JPEG")
    source = tmp_path / f"in.{kind}"
    if kind == "parquet":
        columns = {"name": ["a", "b", "c"], "jpeg": [file.getvalue(), b"none", None]}
        parquet.write_table(pa.table(columns), source)
    else:
        with tf.io.TFRecordWriter(str(source)) as records:
            for content in (file.getvalue(), b"none"):
                value = tf.train.Feature(bytes_list=tf.train.BytesList(value=[content]))
                example = tf.train.Example(features=tf.train.Features(feature={"jpeg": value}))
                records.write(example.SerializeToString())
    job = submitted(
        *(cluster[0], source, tmp_path / "out", f"--format={kind}", "--column=jpeg"),
        *("--key=name", "--protector=cifar10", "--commits=1"),
    )
    said, _ = job.communicate(timeout=LONGEST)
    failed = 2 if kind == "parquet" else 1
    assert f"1 pictures protected, {failed} failed" in said, said[-2000:]
    good, bad, *empty = sorted(table(tmp_path / "out"), key=lambda row: row["path"])
    assert (good["width"], good["height"], bad["image"]) == (40, 32, None)
    if kind == "parquet":
        assert (good["path"], bad["path"]) == ("a", "b")
        said = "the table holds no bytes of an image file"
        assert [(row["path"], row["image"], row["error"]) for row in empty] == [("c", None, said)]
