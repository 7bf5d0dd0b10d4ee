"""How models of several networks and optimizers are saved and loaded as Keras's own are."""

from __future__ import annotations

from typing import Any

import keras

serialized = keras.saving.serialize_keras_object


def own_optimizer(optimizer: keras.Optimizer | str | None) -> keras.Optimizer:
    """Makes an optimizer of its name; of nothing the paper's Adam (Section IV-B)."""
    if optimizer is None:
        return keras.optimizers.Adam(2e-4, beta_1=0.5)
    return keras.optimizers.get(optimizer)


def like(optimizer: keras.Optimizer) -> keras.Optimizer:
    """Makes another optimizer of the same settings, for other variables."""
    return type(optimizer).from_config(optimizer.get_config())


def compile_config(model: keras.Model, *optimizers: str) -> dict[str, Any]:
    """Serializes what a model was compiled with.

    Args:
        model: A compiled model.
        optimizers: The names of its optimizers, which are attributes and arguments of `compile`.
    """
    config = {name: serialized(getattr(model, name)) for name in optimizers}
    return {**config, "run_eagerly": model.run_eagerly, "jit_compile": model.jit_compile}


def deserialized(config: dict[str, Any], custom_objects: dict | None = None) -> dict[str, Any]:
    """Makes what a `get_config` has serialized, one by one."""
    return {
        name: keras.saving.deserialize_keras_object(value, custom_objects=custom_objects)
        if isinstance(value, dict)
        else value
        for name, value in config.items()
    }


def serialized_part(part: keras.Model, *, of: keras.Model) -> dict[str, Any] | str:
    """Serializes a model, or only names its last layer if it is the beginning of another.

    The two then share their weights again when they are loaded.
    """
    last = part.output._keras_history.operation
    return last.name if any(layer is last for layer in of.layers) else serialized(part)


def part_of(model: keras.Model, last: str) -> keras.Model:
    """Makes the beginning of a model, up to a layer."""
    return keras.Model(model.inputs, model.get_layer(last).output)
