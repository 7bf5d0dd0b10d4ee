"""Both ends of the scheme in one file: a client that protects, a cloud that classifies.

    python -m tfppdnn train
    python -m tfppdnn classify --protector=runs/digits-quick
    python examples/classify_over_the_wire.py runs/digits-quick

What crosses from one function to the other is all that the cloud ever sees.
"""

import argparse

import numpy as np

from tfppdnn import load_protector
from tfppdnn.datasets.digits import load_digits


def client(run: str, images: np.ndarray) -> np.ndarray:
    """Turns plain images, uint8 [N, H, W, 3], into what is uploaded."""
    return load_protector(f"{run}/protector.tflite").protect(images)


def cloud(run: str, uploaded: np.ndarray) -> list[str]:
    """Answers protected images with labels; knows neither h_p nor a plain image."""
    import tensorflow as tf

    classifier = tf.saved_model.load(f"{run}/classifier")
    answer = classifier.signatures["serving_default"](image=uploaded)
    return [label.decode() for label in answer["label"].numpy()]


def main(run: str) -> None:
    """Classifies the test digits and prints how many are right."""
    digits = load_digits()
    answers = cloud(run, client(run, digits.test_images))
    truth = [digits.class_names[label] for label in digits.test_labels]
    right = sum(answer == label for answer, label in zip(answers, truth, strict=True))
    print(f"{right} of {len(truth)} digits right, and the cloud saw none of them")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("run", help="a finished run of the digits")
    main(**vars(parser.parse_args()))
