"""A training step of the cloud's classifier: ResNet-18, SGD with momentum and weight decay.

`python -m benchmarks resnet18_step_narrow resnet18_step_wide`. Both start from the same weights;
what is compared is the loss before each of the first steps. PyTorch's own weight decay goes
through the momentum, Keras's does not: here both decay as Keras does.
"""

from __future__ import annotations

from typing import Any

from benchmarks.comparison import Comparison, Contender, Work
from benchmarks.interleaving import measures_of
from benchmarks.training_steps import (
    STEPS_COMPARED,
    as_fit_does,
    as_float,
    in_channels_last,
    labels,
    on_all_cores,
    pictures,
)

_RATE, _DECAY = 0.01, 5e-3


def networks(width: float) -> dict[str, Any]:
    """Builds ResNet-18, with the weights that both start from."""
    import keras

    import tfppdnn  # noqa: F401 - before TensorFlow.
    from tfppdnn.models.resnet18 import resnet18

    keras.utils.set_random_seed(0)
    return {"classifier": resnet18(num_classes=10, width=width)}


def ours(width: float, batch: int) -> Work:
    """`compile_classifier`, and the step of `fit`."""
    model = networks(width)["classifier"]

    from tfppdnn.training.classifiers import compile_classifier

    compile_classifier(model, _RATE, weight_decay=_DECAY)
    step = as_fit_does(model, (pictures(0, batch), labels(0, batch)))
    losses = []
    for _ in range(STEPS_COMPARED):
        model.reset_metrics()  # Keras reports the mean of all losses since.
        losses.append(step()["loss"])
    return Work(call=step, items=batch, outputs={"losses": as_float(losses)})


def pytorch(width: float, batch: int) -> Work:
    """The same in PyTorch: eager, channels_last, and its fastest SGD."""
    torch = on_all_cores()

    from benchmarks.peers import torch_weights
    from benchmarks.peers.keras_weights import weights_of
    from benchmarks.peers.torch_networks import ResNet18

    weights = weights_of(f"{__name__}:networks", {"width": width})["classifier"]
    model = torch_weights.copy(weights, ResNet18(width=width))
    parameters = list(model.parameters())
    optimizer = torch.optim.SGD(parameters, _RATE, momentum=0.9, fused=True)
    images = in_channels_last(pictures(0, batch))
    truth = torch.from_numpy(labels(0, batch)).long()
    right = torch.zeros((), dtype=torch.long)

    def step():
        optimizer.zero_grad()
        logits = model(images)
        loss = torch.nn.functional.cross_entropy(logits, truth)
        loss.backward()
        with torch.no_grad():
            torch._foreach_mul_(parameters, 1 - _RATE * _DECAY)
            right.add_((logits.argmax(1) == truth).sum())
        optimizer.step()
        return loss.detach()

    losses = [step() for _ in range(STEPS_COMPARED)]
    return Work(call=step, items=batch, outputs={"losses": as_float(losses)})


def _comparison(name: str, width: float, batch: int) -> Comparison:
    settings = {"width": width, "batch": batch}
    return Comparison(
        name=f"resnet18_step_{name}",
        what=f"One training step of ResNet-18 of width {width:g}, batches of {batch}: SGD with "
        "momentum and weight decay, float32, 32x32.",
        ours=Contender(name="tfppdnn", prepare=f"{__name__}:ours", settings=settings),
        peers=(Contender(name="PyTorch", prepare=f"{__name__}:pytorch", settings=settings),),
        targets={"PyTorch": 1.0},
        tolerance={"losses": 1e-3},
        seconds=4.0,
    )


MEASURES = measures_of(_comparison("narrow", 0.25, 128), _comparison("wide", 1.0, 32))
