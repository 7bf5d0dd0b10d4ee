"""One training step of the transformation network, as the preset `cpu` trains it.

`python -m benchmarks cyclegan_step`: both generators and both discriminators, with the frozen
classifier and its features. What is compared are both losses before each of the first steps; the
pools of earlier fakes, which are drawn from at random, are not yet full then.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.training_steps import (
    STEPS_COMPARED,
    as_fit_does,
    as_float,
    labels,
    on_all_cores,
    pictures,
)

_BATCH = 16
_CAP = 1.7  # Measured in a training, as the preset has it; here it is given.


def settings() -> dict[str, Any]:
    """What both need of the preset."""
    from tfppdnn.settings import make_settings

    settings = make_settings("cpu")
    training = settings.transformation
    return {
        "lambda_": training.objective.lambda_,
        "gamma": training.objective.gamma,
        "pool_size": training.pool_size,
        "learning_rate": training.learning_rate,
        "beta_1": training.beta_1,
        "reference_width": settings.reference.width,
        "generator": {
            "width": training.networks.generator_width,
            "depth": training.networks.generator_depth,
        },
        "discriminator": training.networks.discriminator_width,
    }


def networks() -> dict[str, Any]:
    """Builds all networks that have weights of their own."""
    import keras

    import tfppdnn  # noqa: F401 - before TensorFlow.
    from tfppdnn.models.patchgan import patchgan
    from tfppdnn.models.unet import unet
    from tfppdnn.models.vgg13 import vgg13_bn

    keras.utils.set_random_seed(0)
    given = settings()
    generator, width = given["generator"], given["discriminator"]
    return {
        "protector": unet(base_width=generator["width"], depth=generator["depth"]),
        "restorer": unet(base_width=generator["width"], depth=generator["depth"]),
        "plain_discriminator": patchgan(base_width=width, strided_layers=2),
        "protected_discriminator": patchgan(base_width=width, strided_layers=2),
        "reference_classifier": vgg13_bn(num_classes=10, width=given["reference_width"]),
    }


def batch() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x, y), (x_p, y_p))."""
    return (pictures(0, _BATCH), labels(0, _BATCH)), (pictures(1, _BATCH), labels(1, _BATCH))


def ours() -> Work:
    """`CycleGAN`, and the step of `fit`."""
    parts = networks()

    from tfppdnn.models.fused_adam import FusedAdam
    from tfppdnn.models.perceptual import perceptual_features
    from tfppdnn.protection.cyclegan import CycleGAN

    given = settings()
    classifier = parts["reference_classifier"]
    model = CycleGAN(
        **parts,
        features=perceptual_features("reference", reference_classifier=classifier).model,
        lambda_=given["lambda_"],
        gamma=given["gamma"],
        perceptual_cap=_CAP,
        pool_size=given["pool_size"],
    )
    model.compile(optimizer=FusedAdam(given["learning_rate"], given["beta_1"]))
    step = as_fit_does(model, batch())
    losses = []
    for _ in range(STEPS_COMPARED):
        model.reset_metrics()  # Keras reports the mean of all losses since.
        logs = step()
        losses.append((float(logs["generators"]), float(logs["discriminators"])))
    return Work(call=step, items=_BATCH, outputs=_outputs(losses))


def pytorch() -> Work:
    """The same in PyTorch: eager, channels_last, and its fastest Adam."""
    on_all_cores()

    from benchmarks.peers import torch_weights
    from benchmarks.peers.keras_weights import weights_of
    from benchmarks.peers.torch_cyclegan import CycleGan
    from benchmarks.peers.torch_networks import PatchGan, UNet, Vgg13

    given = settings()
    twins = {
        "protector": UNet(**given["generator"]),
        "restorer": UNet(**given["generator"]),
        "plain_discriminator": PatchGan(width=given["discriminator"]),
        "protected_discriminator": PatchGan(width=given["discriminator"]),
        "reference_classifier": Vgg13(width=given["reference_width"]),
    }
    weights = weights_of(f"{__name__}:networks", {})
    model = CycleGan(
        **{name: torch_weights.copy(weights[name], twin) for name, twin in twins.items()},
        lambda_=given["lambda_"],
        gamma=given["gamma"],
        cap=_CAP,
        pool_size=given["pool_size"],
        rate=given["learning_rate"],
        beta_1=given["beta_1"],
    )
    step = model.step_on(batch())
    losses = [step() for _ in range(STEPS_COMPARED)]
    return Work(call=step, items=_BATCH, outputs=_outputs(losses))


def _outputs(losses) -> dict[str, np.ndarray]:
    generators, discriminators = zip(*losses, strict=True)
    return {"generators": as_float(generators), "discriminators": as_float(discriminators)}


MEASURES = measures_of(
    Comparison(
        name="cyclegan_step",
        what=f"One training step of the preset `cpu`'s CycleGAN, batches of {_BATCH}, 32x32, "
        "float32.",
        ours=Contender(name="tfppdnn", prepare=f"{__name__}:ours"),
        peers=(Contender(name="PyTorch", prepare=f"{__name__}:pytorch"),),
        targets={"PyTorch": 1.2},
        tolerance={"generators": 5e-3, "discriminators": 5e-3},
        seconds=4.0,
    )
)
