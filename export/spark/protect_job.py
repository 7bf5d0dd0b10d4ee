"""Protects the pictures of a folder or a table with Spark: plain ones in, Parquet out.

    spark-submit protect_job.py SOURCE DESTINATION --protector=photos --size=224

SOURCE is a folder, a glob of image files, a Parquet table (--column names the column of image
bytes, --key the one that names the picture) or TFRecord files (--column names the feature).
DESTINATION becomes a Parquet table: `path`, `image` (a protected PNG file), `width`, `height`,
`error`. A picture that cannot be read or protected is a row with its error, and no image.
With --tfrecords=FOLDER the protected pictures are written as TFRecords, too, with the features
`image` and `path`, as tensorflow-datasets names them.

The same command goes on after a stop: pictures whose row is committed are not protected again,
and not tried again if that row is an error. DESTINATION/_tfppdnn.json says how its pictures are
made, so that those of another --protector or --size are refused. Every worker needs tfppdnn; plain
pictures are read where they lie and kept nowhere.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import struct
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from py4j.protocol import Py4JJavaError
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F  # noqa: N812  (as all of Spark's pages call it)
from pyspark.sql.utils import AnalysisException

from tfppdnn import Protector
from tfppdnn.cli.options import LARGEST_SIZE, refuse_unfitted
from tfppdnn.client.destination import Mark
from tfppdnn.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

SCHEMA = "path string, image binary, width int, height int, error string"

# Spark takes no file for a part of a table whose name begins so.
_MARK_FILE = "_tfppdnn.json"


def main(arguments: list[str] | None = None) -> int:
    """Runs the job, and prints how many pictures are protected and how many failed.

    Returns:
        The exit code: 1 if pictures failed, 2 if the call is wrong.
    """
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source")
    parser.add_argument("destination")
    parser.add_argument("--protector", default="photos", help="as `tfppdnn protect` takes it")
    parser.add_argument(
        "--trust", action="store_true", help="if the protector is a SavedModel, which is a program"
    )
    parser.add_argument("--size", type=int, help="side of the square to resize to first")
    parser.add_argument("--format", choices=["files", "parquet", "tfrecord"], default="files")
    parser.add_argument("--column", default="image", help="of a table: the image files' bytes")
    parser.add_argument("--key", default="path", help="of a table: what names a picture")
    parser.add_argument("--tfrecords", help="a folder for TFRecords of the protected pictures")
    parser.add_argument(
        "--commits", type=int, default=10, help="parts that are committed one after the other"
    )
    given = parser.parse_args(arguments)
    for option, most in (("commits", 1_000_000), ("size", LARGEST_SIZE)):
        number = getattr(given, option)
        if number is not None and not 1 <= number <= most:
            parser.error(f"--{option}={number}: must be 1 to {most}")
    if given.tfrecords and Path(given.tfrecords).is_file():
        parser.error(f"--tfrecords={given.tfrecords}: a file; give a folder")
    if (given.tfrecords or given.format == "tfrecord") and find_spec("tensorflow") is None:
        parser.error("TFRecord files need TensorFlow, here and on every worker; install it first")
    spark = SparkSession.builder.appName("tfppdnn protect").getOrCreate()
    try:
        # Refused here, by one line, rather than by every worker.
        protector = Protector.from_preset(given.protector, trust=given.trust)
        refuse_unfitted(protector)
        pictures = read(spark, given.source, kind=given.format, column=given.column, key=given.key)
        # As `protect` passes its DST by, where that lies in its SRC.
        for made in filter(None, (given.destination, given.tfrecords)):
            pictures = pictures.where(~F.col("path").startswith(f"{qualified(spark, made)}/"))
        claim(spark, given.destination, Mark.of(protector.identity, size=given.size))
    except UserError as error:
        print(f"protect_job.py: {error}", file=sys.stderr)
        return 2
    except AnalysisException as error:
        # Such as of a path or a column that is not there.
        print(f"protect_job.py: {given.source}: {str(error).splitlines()[0]}", file=sys.stderr)
        return 2
    except Py4JJavaError as error:
        # Such as of images where a table should be, or of a DESTINATION that is a file.
        said = str(error.java_exception.getMessage()).splitlines()[0]
        print(f"protect_job.py: {given.source}, {given.destination}: {said}", file=sys.stderr)
        return 2
    for part in range(given.commits):
        is_of_part = F.abs(F.xxhash64("path")) % given.commits == part
        done = committed(spark, given.destination)
        todo = pictures.where(is_of_part)
        if done is not None:
            todo = without(todo, done.where(is_of_part))
        protect = functools.partial(
            protected, protector=given.protector, size=given.size, trust=given.trust
        )
        todo.mapInPandas(protect, SCHEMA).write.mode("append").parquet(given.destination)
    made = spark.read.parquet(given.destination)
    failed = made.where("error is not null").count()
    if given.tfrecords:
        write_tfrecords(made.where("error is null"), given.tfrecords)
    print(f"{made.count() - failed} pictures protected, {failed} failed: {given.destination}")
    return 1 if failed else 0


def claim(spark: SparkSession, destination: str, mark: Mark) -> None:
    """Notes how the pictures of a table are made, or checks that its own are made so.

    Raises:
        UserError: They are not, or nobody knows.
    """
    files, path = _folder(spark, destination)
    place = spark._jvm.org.apache.hadoop.fs.Path(path, _MARK_FILE)
    if not _holds_rows(spark, destination):
        file = files.create(place, True)
        file.write(bytearray(json.dumps(dataclasses.asdict(mark)).encode()))
        file.close()
        return
    mend = "choose another DESTINATION"
    if not files.exists(place):
        raise UserError(f"{destination} does not say how its pictures were made; {mend}")
    file = files.open(place)
    try:
        found = Mark(**json.loads(bytes(file.readAllBytes())))
    except (ValueError, TypeError):
        raise UserError(
            f"{destination}/{_MARK_FILE} is damaged, so that nobody knows how the pictures beside "
            f"it were made; {mend}"
        ) from None
    finally:
        file.close()
    if found.protector != mark.protector:
        raise UserError(f"{destination} holds pictures made with another protector; {mend}")
    if found.size != mark.size:
        made_at = "without --size" if found.size is None else f"with --size={found.size}"
        raise UserError(f"{destination} holds pictures made {made_at}; do the same, or {mend}")


def read(spark: SparkSession, source: str, *, kind: str, column: str, key: str) -> DataFrame:
    """Finds the pictures: `path` string and `content` binary, a row for each."""
    if kind == "parquet":
        table = spark.read.parquet(source)
        if table.where(F.col(key).isNull()).head(1):
            raise UserError(
                f"--key={key}: {source} has rows without it; name a column that all have"
            )
        return table.select(F.col(key).cast("string").alias("path"), F.col(column).alias("content"))
    files = spark.read.format("binaryFile").option("recursiveFileLookup", "true").load(source)
    if kind == "files":
        return files.select("path", "content")
    named = functools.partial(examples, feature=column)
    return files.select("path").mapInPandas(named, "path string, content binary")


def examples(tables: Iterator[pd.DataFrame], *, feature: str) -> Iterator[pd.DataFrame]:
    """Reads TFRecord files: what names a picture is its file and its number in there."""
    import pandas as pd
    import tensorflow as tf

    described = {feature: tf.io.FixedLenFeature([], tf.string)}
    for table in tables:
        for path in table["path"]:
            number = 0
            try:
                for record in tf.data.TFRecordDataset(path.removeprefix("file:")):
                    content = tf.io.parse_single_example(record, described)[feature].numpy()
                    yield pd.DataFrame({"path": [f"{path}#{number}"], "content": [content]})
                    number += 1
            except tf.errors.OpError:  # No such feature, or no such file: a row with an error.
                yield pd.DataFrame({"path": [f"{path}#{number}"], "content": [None]})


def committed(spark: SparkSession, destination: str) -> DataFrame | None:
    """The paths of pictures that a former run has finished, or None before the first commit."""
    if not _holds_rows(spark, destination):
        return None
    return spark.read.schema(SCHEMA).parquet(destination).select("path")


def _folder(spark: SparkSession, name: str):
    """The Hadoop file system that a folder lies on, and its path there."""
    path = spark._jvm.org.apache.hadoop.fs.Path(name)
    return path.getFileSystem(spark._jsc.hadoopConfiguration()), path


def qualified(spark: SparkSession, folder: str) -> str:
    """A folder as Spark names the files in it."""
    files, path = _folder(spark, folder)
    return files.makeQualified(path).toString()


def _holds_rows(spark: SparkSession, destination: str) -> bool:
    files, path = _folder(spark, destination)
    pattern = spark._jvm.org.apache.hadoop.fs.Path(path, "part-*")
    return files.exists(path) and len(files.globStatus(pattern)) > 0


def without(pictures: DataFrame, done: DataFrame) -> DataFrame:
    """Leaves out what is done already.

    The names of that go to all workers. A join of both sides would sort the plain pictures through
    the workers' disks.
    """
    return pictures.join(F.broadcast(done), "path", "left_anti")


def protected(
    tables: Iterator[pd.DataFrame], *, protector: str, size: int | None, trust: bool = False
) -> Iterator[pd.DataFrame]:
    """Protects the pictures of a partition where they are read, by one interpreter."""
    import pandas as pd

    from tfppdnn.client.protected_png import protected_png

    loaded = Protector.from_preset(protector, trust=trust)

    def row(path: str, content: object):
        try:
            # A table may lack it, or hold something else.
            if not isinstance(content, (bytes, bytearray)):
                raise UserError("the table holds no bytes of an image file")
            png = protected_png(bytes(content), loaded, name="the image", size=size)
        except UserError as error:
            return path, None, None, None, str(error)
        # Where a PNG file has them.
        width, height = struct.unpack(">II", png[16:24])
        return path, png, width, height, None

    for table in tables:
        rows = [row(*one) for one in zip(table["path"], table["content"], strict=True)]
        made = pd.DataFrame(rows, columns=["path", "image", "width", "height", "error"])
        yield made.astype({"width": "Int32", "height": "Int32"})


def write_tfrecords(pictures: DataFrame, folder: str) -> None:
    """Writes a TFRecord file for each partition; whole, or not at all."""
    import tensorflow as tf

    written = pictures.select("path", "image").mapInPandas(
        functools.partial(_records, folder=folder), "file string"
    )
    files = {Path(row.file).name for row in written.collect()}
    # An earlier call that had more partitions left more of them.
    for file in tf.io.gfile.glob(f"{folder}/protected-*.tfrecord"):
        if Path(file).name not in files:
            tf.io.gfile.remove(file)


def _records(tables: Iterator[pd.DataFrame], *, folder: str) -> Iterator[pd.DataFrame]:
    import pandas as pd
    import tensorflow as tf
    from pyspark import TaskContext

    def feature(value: bytes):
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    place = f"{folder}/protected-{TaskContext.get().partitionId():05d}.tfrecord"
    tf.io.gfile.makedirs(folder)
    with tf.io.TFRecordWriter(f"{place}.tmp") as file:
        for table in tables:
            for path, image in zip(table["path"], table["image"], strict=True):
                features = {"path": feature(path.encode()), "image": feature(bytes(image))}
                example = tf.train.Example(features=tf.train.Features(feature=features))
                file.write(example.SerializeToString())
    tf.io.gfile.rename(f"{place}.tmp", place, overwrite=True)
    yield pd.DataFrame({"file": [place]})


if __name__ == "__main__":
    raise SystemExit(main())
