"""One training step of a protector against its enemies, as the preset `hardened` trains it.

`python -m benchmarks hardened_step`: the bottleneck, the restorer and the discriminator, with the
frozen classifier. What is compared are the losses before each of the first steps; the pool of
earlier fakes, which is drawn from at random once it is full, is larger than the preset's for that.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.training_steps import (
    as_fit_does,
    as_float,
    labels,
    on_all_cores,
    pictures,
)

_BATCH = 64
# The code is rounded: what differs by a rounding error can differ by a whole level, and from the
# third step on a few do.
_STEPS_COMPARED = 2
_LOSSES = ("protector", "adversarial", "classification", "features", "discriminator")


def settings() -> dict[str, Any]:
    """What both need of the preset."""
    from tfppdnn.settings import make_settings

    settings = make_settings("hardened")
    training = settings.transformation
    return {
        "objective": {
            "lambda_": training.objective.lambda_,
            "classification_weight": training.objective.classification_weight,
            "feature_weight": training.objective.feature_weight,
            "feature_stages": training.objective.feature_stages,
            "hiding_weight": training.objective.hiding_weight,
        },
        "steps": training.steps,
        "learning_rate": training.learning_rate,
        "beta_1": training.beta_1,
        "pool_size": _BATCH * (_STEPS_COMPARED + 1),
        "reference_width": settings.reference.width,
        "protector": {
            "encoder_width": settings.reference.width,
            "code_size": training.networks.code_size,
            "code_levels": training.networks.code_levels,
            "decoder_width": training.networks.decoder_width,
        },
        "discriminator": training.networks.discriminator_width,
    }


def networks() -> dict[str, Any]:
    """Builds all networks that have weights of their own."""
    import keras

    import tfppdnn  # noqa: F401 - before TensorFlow.
    from tfppdnn.models.bottleneck import bottleneck
    from tfppdnn.models.hourglass import hourglass
    from tfppdnn.models.patchgan import patchgan
    from tfppdnn.models.vgg13 import vgg13_bn

    keras.utils.set_random_seed(0)
    given = settings()
    return {
        "protector": bottleneck(**given["protector"]),
        "restorer": hourglass(),
        "protected_discriminator": patchgan(base_width=given["discriminator"], strided_layers=2),
        "reference_classifier": vgg13_bn(num_classes=10, width=given["reference_width"]),
    }


def batch() -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """((x, y), (x_p, y_p))."""
    return (pictures(0, _BATCH), labels(0, _BATCH)), (pictures(1, _BATCH), labels(1, _BATCH))


def ours() -> Work:
    """`HardenedProtector`, and the step of `fit`."""
    parts = networks()

    import keras

    from tfppdnn.models.fused_adam import FusedAdam
    from tfppdnn.protection.hardened import HardenedProtector

    given = settings()
    model = HardenedProtector(
        **parts,
        mean_image=pictures(0, _BATCH).mean(axis=0),
        pool_size=given["pool_size"],
        **given["objective"],
    )
    rate, beta_1 = given["learning_rate"], given["beta_1"]
    falling = keras.optimizers.schedules.CosineDecay(rate, given["steps"], alpha=0.01)
    model.compile(
        optimizer=FusedAdam(falling, beta_1),
        restorer_optimizer=FusedAdam(rate, beta_1),
        discriminator_optimizer=FusedAdam(rate / 5, beta_1),
    )
    step = as_fit_does(model, batch())
    losses = []
    for _ in range(_STEPS_COMPARED):
        model.reset_metrics()  # Keras reports the mean of all losses since.
        losses.append(step())
    return Work(call=step, items=_BATCH, outputs=_outputs(losses))


def pytorch() -> Work:
    """The same in PyTorch: eager, channels_last, and its fastest Adam."""
    on_all_cores()

    from benchmarks.peers import torch_weights
    from benchmarks.peers.keras_weights import weights_of
    from benchmarks.peers.torch_bottleneck import Bottleneck, Hourglass
    from benchmarks.peers.torch_hardened import Hardened
    from benchmarks.peers.torch_networks import PatchGan, Vgg13

    given = settings()
    twins = {
        "protector": Bottleneck(**given["protector"]),
        "restorer": Hourglass(),
        "protected_discriminator": PatchGan(width=given["discriminator"]),
        "reference_classifier": Vgg13(width=given["reference_width"]),
    }
    weights = weights_of(f"{__name__}:networks", {})
    model = Hardened(
        **{name: torch_weights.copy(weights[name], twin) for name, twin in twins.items()},
        mean_image=pictures(0, _BATCH).mean(axis=0),
        pool_size=given["pool_size"],
        rate=given["learning_rate"],
        beta_1=given["beta_1"],
        steps=given["steps"],
        **given["objective"],
    )
    step = model.step_on(batch())
    return Work(call=step, items=_BATCH, outputs=_outputs([step() for _ in range(_STEPS_COMPARED)]))


def _outputs(steps) -> dict[str, np.ndarray]:
    return {name: as_float([losses[name] for losses in steps]) for name in _LOSSES}


MEASURES = measures_of(
    Comparison(
        name="hardened_step",
        what=f"One training step of the preset `hardened`, batches of {_BATCH}, 32x32, float32.",
        ours=Contender(name="tfppdnn", prepare=f"{__name__}:ours"),
        peers=(Contender(name="PyTorch", prepare=f"{__name__}:pytorch"),),
        targets={"PyTorch": 1.2},
        tolerance=dict.fromkeys(_LOSSES, 1e-2),
        seconds=4.0,
    )
)
