"""`protect` and `classify` of one picture, beside a classifier that computes on encrypted ones.

concrete-ml pins versions of NumPy and PyTorch that tfppdnn cannot run with, so it has a Python of
its own, which an environment variable names; see `_HOW`.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import interleaving
from benchmarks.comparison import Comparison, Contender, Work
from tfppdnn.reports import markdown

_VARIABLE = "TFPPDNN_ENCRYPTED_PYTHON"
_HOW = (
    "concrete-ml is not there; it needs a Python of its own (3.9 to 3.12): python3 -m venv ENC; "
    f"ENC/bin/pip install concrete-ml; then set {_VARIABLE}=ENC/bin/python"
)
_GUARANTEE = (
    "The difference in guarantee: with encryption whoever computes learns nothing at all, by the "
    "hardness of lattice problems, and not even the answer; a protected picture is only hard to "
    "recognise for the attackers of the audit, and the cloud learns the class."
)
_PEERS = {
    "concrete-ml, logistic regression of 32x32 pixels": "linear",
    "concrete-ml, 64-32-10 network of 8x8 averages": "network",
}
_PUBLISHED = Path(__file__).resolve().parents[1] / "results" / "quick-digits-paper" / "metrics.json"


def encrypted(rounds: int | None) -> dict[str, Any]:
    """One answer about one 32x32 digit.

    Raises:
        RuntimeError: concrete-ml is missing; the message says how to install it.
    """
    python = os.environ.get(_VARIABLE, "")
    version = _version(python)
    with tempfile.TemporaryDirectory() as folder:
        digits = Path(folder, "digits.npz")
        _write_digits(digits)
        facts = {name: Path(folder, f"{function}.json") for name, function in _PEERS.items()}
        record = interleaving.run(
            Comparison(
                name="encrypted",
                what="One 32x32 picture of the embedded digits: protected and then classified by "
                "us; encrypted, classified encrypted, and the answer decrypted by the others. They "
                "do not compute the same, and are as accurate as the table says.",
                ours=Contender(name="protect + classify", prepare="benchmarks.encrypted:ours"),
                peers=tuple(
                    Contender(
                        name=name,
                        prepare=f"benchmarks.peers.encrypted_inference:{function}",
                        settings={"digits": str(digits), "facts": str(facts[name])},
                        python=python,
                    )
                    for name, function in _PEERS.items()
                ),
                seconds=1.0,
                rounds=5,
            ),
            rounds=rounds,
        )
        found = {name: json.loads(path.read_text()) for name, path in facts.items()}
    accuracy = json.loads(_PUBLISHED.read_text())["classify"]["protected"]["test_accuracy"]
    ours = "protect + classify, ResNet-18 of width 0.25 (results/quick-digits-paper)"
    shares = {ours: accuracy} | {name: fact["accuracy"] for name, fact in found.items()}
    record["notes"] = [
        markdown.table(
            ["on the 300 test digits", "accuracy"],
            [[name, f"{share:.1%}"] for name, share in shares.items()],
        ),
        "Ours is timed with the shipped protector, in LiteRT, and a ResNet-18 of width 0.25, as a "
        "SavedModel; no network lies between the two. Encrypted answers were the same as those of "
        "the same arithmetic without keys: "
        + ("yes" if all(fact["encrypted_as_plain"] for fact in found.values()) else "**no**")
        + f". concrete-ml {version}, 8 and 4 bits; making its keys is not timed.",
        _GUARANTEE,
    ]
    record["accuracy"] = {"protect + classify": accuracy} | {
        name: fact["accuracy"] for name, fact in found.items()
    }
    return record


MEASURES = {"encrypted": encrypted}


def ours() -> Work:
    """Protects a picture as a client does, and classifies it as the cloud does."""
    import keras
    import tensorflow as tf

    from tfppdnn import load_protector
    from tfppdnn.datasets.digits import load_digits
    from tfppdnn.exporting.classifier import export_classifier
    from tfppdnn.models.resnet18 import resnet18
    from tfppdnn.protector.shipped import DEFAULT

    keras.utils.set_random_seed(0)
    digits = load_digits()
    with tempfile.TemporaryDirectory() as folder:
        network = resnet18(num_classes=digits.num_classes, image_size=32, width=0.25)
        export_classifier(network, digits.class_names, folder, image_size=32)
        model = tf.saved_model.load(folder)
    protector, classify = load_protector(DEFAULT), model.signatures["serving_default"]
    picture = digits.test_images[:1]

    def call() -> np.ndarray:
        return classify(image=tf.constant(protector.protect(picture)))["class_id"].numpy()

    # The signatures hold references into the loaded object, which must be kept.
    call.model = model
    return Work(call=call, items=1)


def _version(python: str) -> str:
    """The version of concrete-ml that a Python has."""
    asked = "import importlib.metadata; print(importlib.metadata.version('concrete-ml'))"
    try:
        done = subprocess.run(
            [python, "-c", asked], capture_output=True, text=True, timeout=60, check=True
        )
    except (OSError, subprocess.SubprocessError):
        raise RuntimeError(_HOW) from None
    return done.stdout.strip()


def _write_digits(path: Path) -> None:
    from tfppdnn.datasets.digits import load_digits

    digits = load_digits()
    names = ("train_images", "train_labels", "test_images", "test_labels")
    np.savez(path, **{name: getattr(digits, name) for name in names})
