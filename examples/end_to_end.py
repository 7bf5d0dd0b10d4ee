"""The whole scheme on one machine: train, serve, protect, and classify over the wire.

    python examples/end_to_end.py                     train on the digits first, some minutes
    python examples/end_to_end.py runs/digits-quick   with a finished run of yours

The server is a process of its own and refuses plain images; the client holds the protector
and the plain images. Over the wire every test image gets the class that it got offline.
"""

import argparse
import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import tfppdnn
from tfppdnn.client import Client
from tfppdnn.datasets import load_dataset


def train(run: Path) -> None:
    """Trains a protector, and the cloud's classifier on what it makes; goes on if cut off."""
    tfppdnn.train("digits", out=run)
    tfppdnn.fit_classifier(run, out=run)


@contextlib.contextmanager
def served(run: Path) -> Iterator[str]:
    """Serves the run's classifier to this machine; yields its address."""
    command = [
        sys.executable,
        "-m",
        "tfppdnn",
        "serve",
        run,
        "--refuse_plain",
        "--rest_port=0",
        "--grpc_port=0",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as server:
        try:
            said = []
            for line in server.stderr:
                said.append(line)
                if line.startswith("ready"):
                    break
            address = re.search(r"http://[^/\s]+", "".join(said))
            if address is None:  # It ended, and said why.
                sys.exit("".join(said))
            yield address[0]
        finally:
            server.terminate()
            server.communicate()


def main(run: str | None = None) -> None:
    """Classifies the test images over the wire and compares with the offline accuracy."""
    folder = Path(run or "runs/digits-quick")
    if run is None:
        train(folder)
    if not (folder / "classifier").is_dir():
        sys.exit(f"{folder} has no classifier; run classify --protector={folder} first")
    config = json.loads((folder / "config.json").read_text())
    offline = json.loads((folder / "metrics.json").read_text())["classify"]["protected"]
    dataset = load_dataset(
        config["dataset"]["name"],
        data_dir=config["data_dir"],
        image_size=config["dataset"]["image_size"],
        seed=config["seed"],
        skip_bad=config.get("skip_bad", False),
    )
    images = dataset.test_images[: offline["test_images"]]

    with served(folder) as url:
        client = Client(url, protector=folder, batch_size=64)
        answers = client.classify(images)

    labels = dataset.test_labels[: len(images)]
    right = sum(answer.class_id == label for answer, label in zip(answers, labels, strict=True))
    print(f"over the wire {right / len(images):.2%}, offline {offline['test_accuracy']:.2%}")
    # LiteRT here and TensorFlow offline may round one value in a thousand to its neighbour.
    assert abs(right - offline["test_accuracy"] * len(images)) <= max(1, len(images) / 1000)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", nargs="?", help="a run of yours that classify has finished")
    given = parser.parse_args().run
    main(*[given] if given else [])
