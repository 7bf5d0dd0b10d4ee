"""Is bfloat16 faster here? The same training step in float32 and in mixed bfloat16.

`python -m benchmarks mixed_vgg13 mixed_resnet18 mixed_unet`. Where the second takes less time,
`--mixed_precision=True` is worth it. They do not compute the same, so nothing is compared.
"""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.training_steps import as_fit_does, pictures


def step(network: str, batch: int, mixed: bool, **settings: Any) -> Work:
    """The step of `fit`, on mean squared values: the loss costs nothing beside the network."""
    import tfppdnn  # noqa: F401 - before TensorFlow.

    import keras  # isort: skip
    from tfppdnn.models import resnet18, unet, vgg13_bn
    from tfppdnn.training.precision import computing_in_bfloat16

    build = {"vgg13": vgg13_bn, "resnet18": resnet18, "unet": unet}[network]
    keras.utils.set_random_seed(0)
    with computing_in_bfloat16(mixed):
        model = build(**settings)
    model.compile(keras.optimizers.SGD(0.01), "mean_squared_error")
    images = pictures(0, batch)
    targets = images if network == "unet" else images[:, :1, :10, 0].reshape(batch, 10)
    return Work(call=as_fit_does(model, (images, targets)), items=batch)


def _comparison(network: str, what: str, batch: int, **settings: Any) -> Comparison:
    def contender(name: str, mixed: bool) -> Contender:
        return Contender(
            name=name,
            prepare="benchmarks.mixed_precision:step",
            settings={"network": network, "batch": batch, "mixed": mixed, **settings},
        )

    return Comparison(
        name=f"mixed_{network}",
        what=f"A training step of {what}, batches of {batch} at 32x32, in both precisions.",
        ours=contender("float32", False),
        peers=(contender("mixed bfloat16", True),),
    )


MEASURES = measures_of(
    _comparison("vgg13", "VGG13-BN of width 0.375", 64, num_classes=10, width=0.375),
    _comparison("resnet18", "ResNet-18 of width 0.25", 128, num_classes=10, width=0.25),
    _comparison("unet", "a U-Net of width 16 and depth 4", 32, base_width=16, depth=4),
)
