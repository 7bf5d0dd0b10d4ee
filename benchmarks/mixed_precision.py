"""Is bfloat16 faster here? Times training steps of the three networks, both ways in turn.

python benchmarks/mixed_precision.py

Prints images a second in float32 and in mixed bfloat16, and their ratio. Where the ratio is
above 1, `--mixed_precision=True` is worth it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf

from tfppdnn.models.resnet18 import resnet18
from tfppdnn.models.unet import unet
from tfppdnn.models.vgg13 import vgg13_bn
from tfppdnn.training.precision import computing_in_bfloat16

ROUNDS, STEPS = 3, 6
NETWORKS: dict[str, tuple[int, Callable[[], keras.Model]]] = {
    "VGG13-BN, width 0.375": (64, lambda: vgg13_bn(num_classes=10, width=0.375)),
    "ResNet-18, width 0.25": (128, lambda: resnet18(num_classes=10, width=0.25)),
    "U-Net, width 16, depth 4": (32, lambda: unet(base_width=16, depth=4)),
}


def step_of(model: keras.Model, batch_size: int) -> Callable[[], tf.Tensor]:
    """Returns one training step of a model on random images, ready to be timed."""
    optimizer = keras.optimizers.SGD(0.01)
    optimizer.build(model.trainable_variables)
    images = tf.constant(np.random.default_rng(0).random((batch_size, 32, 32, 3), np.float32))

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(model(images, training=True)))
        optimizer.apply(tape.gradient(loss, model.trainable_variables))
        return loss

    step()
    return step


def images_per_second(step: Callable[[], tf.Tensor], batch_size: int) -> float:
    """Times a few steps."""
    started = time.perf_counter()
    for _ in range(STEPS):
        step()
    return STEPS * batch_size / (time.perf_counter() - started)


def main() -> None:
    """Prints the table."""
    print("| network | float32, images/s | bfloat16, images/s | ratio |\n|---|---|---|---|")
    for name, (batch_size, build) in NETWORKS.items():
        steps = []
        for mixed in (False, True):
            with computing_in_bfloat16(mixed):
                steps.append(step_of(build(), batch_size))
        # In turn, since the machine's speed drifts.
        rates = np.array(
            [[images_per_second(step, batch_size) for step in steps] for _ in range(ROUNDS)]
        )
        full, half = np.median(rates, axis=0)
        ratio = np.median(rates[:, 1] / rates[:, 0])
        print(f"| {name} | {full:.0f} | {half:.0f} | {ratio:.2f} |", flush=True)


if __name__ == "__main__":
    main()
