"""Classifiers that compute on encrypted pictures, by concrete-ml.

Runs with concrete-ml's own Python: it pins other versions of NumPy and PyTorch than tfppdnn has.
Whoever computes sees ciphertexts only; the key stays with whoever asks. What is timed is a whole
answer: the picture is quantized and encrypted, classified, and the answer is decrypted.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.comparison import Work


def linear(*, digits: str, facts: str) -> Work:
    """Logistic regression on 8-bit weights and pixels: the ten sums are computed encrypted."""
    from concrete.ml.sklearn import LogisticRegression

    return _work(LogisticRegression(n_bits=8, max_iter=200), digits, facts)


def network(*, digits: str, facts: str) -> Work:
    """A network of one hidden layer, 32 units wide, in 4 bits, on averages of 4x4 pixels.

    With all 1,024 pixels the sums before its activations would need more bits than can be looked
    up in minutes.
    """
    import torch
    from concrete.ml.sklearn import NeuralNetClassifier

    torch.manual_seed(0)
    model = NeuralNetClassifier(
        module__n_layers=2,
        # Hidden units, as a multiple of the 64 inputs.
        module__n_hidden_neurons_multiplier=32 / 64,
        module__n_w_bits=4,
        module__n_a_bits=4,
        module__n_accum_bits=32,
        module__activation_function=torch.nn.ReLU,
        max_epochs=60,
        batch_size=64,
        lr=0.02,
        optimizer=torch.optim.Adam,
        train_split=None,
        verbose=0,
    )
    return _work(model, digits, facts, average=4)


def _work(model: Any, digits: str, facts: str, *, average: int = 1) -> Work:
    with np.load(digits) as arrays:
        train, train_labels = _features(arrays["train_images"], average), arrays["train_labels"]
        test, test_labels = _features(arrays["test_images"], average), arrays["test_labels"]
    mean, deviation = train.mean(axis=0), train.std(axis=0) + 0.1
    train, test = (train - mean) / deviation, (test - mean) / deviation
    model.fit(train, train_labels)
    model.compile(train[:300])
    model.fhe_circuit.keygen()
    correct = model.predict(test) == test_labels
    # The same arithmetic without keys, which the encrypted one is held against.
    plain = model.predict(test[:2])
    encrypted = model.predict(test[:2], fhe="execute")
    Path(facts).write_text(
        json.dumps(
            {
                "accuracy": float(np.mean(correct)),
                "images": len(test),
                "encrypted_as_plain": bool((plain == encrypted).all()),
            }
        )
    )
    numbers = iter(range(10**9))

    def call() -> None:
        number = next(numbers) % len(test)
        model.predict(test[number : number + 1], fhe="execute")

    return Work(call=call, items=1)


def _features(images: np.ndarray, average: int) -> np.ndarray:
    """uint8 [N, 32, 32, 3], grey, to float32 [N, pixels]; squares of pixels become their mean."""
    side = images.shape[1] // average
    squares = images[..., 0].reshape(len(images), side, average, side, average)
    return (squares.mean(axis=(2, 4)).reshape(len(images), -1) / 255).astype(np.float32)
