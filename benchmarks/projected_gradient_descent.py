"""Preliminary protection: 50 steps of projected gradient descent through the reference classifier.

`python -m benchmarks projected_gradient_descent`, beside torchattacks and a loop written by hand.

We walk down the loss of the true label (Eq. 1). torchattacks walks up the loss, unless it is given
labels to aim at (`set_mode_targeted_by_label`): then it walks down, as we do, so it aims at the
true ones. All start at the image itself.

The sign of a gradient that is nearly 0 is a matter of rounding, and one that differs changes all
that follow. So what is compared is, of the start, logits and gradient; after one step, the means of
blocks of 8x8 pixels (of 192 values; one of another sign moves it by a thousandth); after the last,
the mean of the true labels' probabilities. All round to 8 bits at the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.training_steps import in_channels_last, labels, on_all_cores, pictures

_EPSILON, _STEP, _STEPS, _BATCH = 1.0, 0.1, 50, 64


def networks() -> dict[str, Any]:
    """Builds the reference classifier of the preset `cpu`."""
    import keras

    import tfppdnn  # noqa: F401 - before TensorFlow.
    from tfppdnn.models.vgg13 import vgg13_bn
    from tfppdnn.settings import make_settings

    keras.utils.set_random_seed(0)
    return {"classifier": vgg13_bn(num_classes=10, width=make_settings("cpu").reference.width)}


def ours() -> Work:
    """`PreliminaryProtection.protect`, compiled as `fit` compiles it."""
    classifier = networks()["classifier"]

    import tensorflow as tf

    from tfppdnn.protection.projected_gradient_descent import PreliminaryProtection

    def descent(steps: int) -> Callable:
        model = PreliminaryProtection(
            classifier,
            batch_size=_BATCH,
            epsilon=_EPSILON,
            step_size=_STEP,
            iterations=steps,
            random_start=False,
        )
        return tf.function(model.protect)

    images, truth = tf.constant(pictures(0, _BATCH)), tf.constant(labels(0, _BATCH))
    with tf.GradientTape() as tape:
        tape.watch(images)
        logits = classifier(images, training=False)
        loss = tf.reduce_sum(PreliminaryProtection.cross_entropies(truth, logits))
    gradient = tape.gradient(loss, images).numpy()
    protect = descent(_STEPS)
    after = tf.nn.softmax(classifier(protect(images, truth), training=False))
    return Work(
        call=lambda: protect(images, truth),
        items=_BATCH,
        outputs={
            "logits": logits.numpy(),
            "gradient": gradient,
            "one_step": _block_means(descent(1)(images, truth).numpy()),
            "probability": tf.reduce_mean(tf.gather(after, truth, batch_dims=1)).numpy(),
        },
    )


def torchattacks(channels_last: bool) -> Work:
    """Torchattacks' PGD, aimed at the true labels, in its users' layout or in the faster one."""

    def descent(model, steps: int) -> Callable:
        import torchattacks

        attack = torchattacks.PGD(model, eps=_EPSILON, alpha=_STEP, steps=steps, random_start=False)
        attack.set_mode_targeted_by_label(quiet=True)
        return lambda images, truth: attack(images, truth).mul_(255).round_().div_(255)

    return _pytorch(descent, channels_last=channels_last)


def pytorch() -> Work:
    """The loop as it would be written for speed."""
    return _pytorch(_by_hand, channels_last=True)


def _by_hand(model, steps: int) -> Callable:
    import torch

    model.requires_grad_(False)

    def descend(images, truth):
        lowest, highest = (images - _EPSILON).clamp_(min=0), (images + _EPSILON).clamp_(max=1)
        protected = images.clone()
        for _ in range(steps):
            protected.requires_grad_(True)
            loss = torch.nn.functional.cross_entropy(model(protected), truth, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, protected)
            protected = protected.detach().sub_(gradient.sign_(), alpha=_STEP)
            protected = torch.clamp(protected, lowest, highest)
        return protected.mul_(255).round_().div_(255)

    return descend


def _pytorch(descent: Callable[[Any, int], Callable], *, channels_last: bool) -> Work:
    torch = on_all_cores()

    from benchmarks.peers import torch_weights
    from benchmarks.peers.keras_weights import weights_of
    from benchmarks.peers.torch_networks import Vgg13

    twin = Vgg13(width=0.375).eval()
    model = torch_weights.copy(weights_of(f"{__name__}:networks", {})["classifier"], twin)
    images = in_channels_last(pictures(0, _BATCH))
    if not channels_last:
        images, model = images.contiguous(), model.to(memory_format=torch.contiguous_format)
    truth = torch.from_numpy(labels(0, _BATCH)).long()
    start = images.clone().requires_grad_(True)
    logits = model(start)
    loss = torch.nn.functional.cross_entropy(logits, truth, reduction="sum")
    (gradient,) = torch.autograd.grad(loss, start)
    descend = descent(model, _STEPS)
    one_step = descent(model, 1)(images, truth)
    after = model(descend(images, truth)).softmax(1).gather(1, truth[:, None])[:, 0]
    return Work(
        call=lambda: descend(images, truth),
        items=_BATCH,
        outputs={
            "logits": logits.detach().numpy(),
            "gradient": gradient.permute(0, 2, 3, 1).numpy(),
            "one_step": _block_means(one_step.permute(0, 2, 3, 1).numpy()),
            "probability": after.mean().detach().numpy(),
        },
    )


def _block_means(images: np.ndarray) -> np.ndarray:
    """[N, 32, 32, 3] to [N, 4, 4]: the means of blocks of 8x8 pixels, over all channels."""
    return images.reshape(-1, 4, 8, 4, 8, 3).mean(axis=(2, 4, 5))


MEASURES = measures_of(
    Comparison(
        name="projected_gradient_descent",
        what=f"{_STEPS} steps of projected gradient descent through VGG13-BN of width 0.375, "
        f"batches of {_BATCH}, 32x32, float32.",
        ours=Contender(name="tfppdnn", prepare=f"{__name__}:ours"),
        peers=(
            Contender(
                name="torchattacks",
                prepare=f"{__name__}:torchattacks",
                settings={"channels_last": False},
            ),
            Contender(
                name="torchattacks, channels_last",
                prepare=f"{__name__}:torchattacks",
                settings={"channels_last": True},
            ),
            Contender(name="PyTorch by hand", prepare=f"{__name__}:pytorch"),
        ),
        targets={"torchattacks": 1.5, "PyTorch by hand": 1.0},
        tolerance={
            "logits": 1e-3,
            "gradient": 1e-3,
            "one_step": 5e-3,
            "probability": 1e-2,
        },
        seconds=4.0,
    )
)
