"""Adam in one operation a variable, against Keras's own in many."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models.fused_adam import FusedAdam

STEPS = 5


def trained(optimizer, steps=STEPS):
    """What an optimizer makes of two variables; its gradients are the same each time."""
    rng = np.random.default_rng(0)
    variables = [
        keras.Variable(rng.normal(size=shape), dtype="float32") for shape in ((3, 4), (5,))
    ]
    optimizer.build(variables)
    apply = tf.function(lambda gradients: optimizer.apply(gradients, variables))
    for _ in range(steps):
        apply([tf.constant(rng.normal(size=v.shape), tf.float32) for v in variables])
    return [np.array(v) for v in [*variables, *optimizer.variables]]


@pytest.mark.parametrize(
    "settings",
    [
        {"learning_rate": 0.01, "beta_1": 0.5},
        {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, STEPS), "epsilon": 1e-3},
        {"learning_rate": 0.01, "clipnorm": 0.1, "beta_2": 0.9},
        {"learning_rate": 0.01, "amsgrad": True},
    ],
    ids=["paper", "schedule", "clipped", "amsgrad"],
)
def test_it_computes_what_adam_computes(settings):
    ours, keras_own = trained(FusedAdam(**settings)), trained(keras.optimizers.Adam(**settings))
    for one, other in zip(ours, keras_own, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
    untouched = trained(FusedAdam(**settings), steps=0)
    assert all((one != other).any() for one, other in zip(ours[:2], untouched[:2], strict=True))


def test_one_operation_updates_a_variable():
    variable = keras.Variable(np.zeros(3, np.float32))
    optimizer = FusedAdam()
    optimizer.build([variable])
    graph = tf.function(lambda: optimizer.apply([tf.ones(3)], [variable])).get_concrete_function()
    kinds = [operation.type for operation in graph.graph.get_operations()]
    assert kinds.count("ResourceApplyAdam") == 1
    assert "Sqrt" not in kinds


def test_it_is_saved_and_goes_on_where_adam_was():
    made = keras.optimizers.deserialize(keras.optimizers.serialize(FusedAdam(0.25, beta_1=0.5)))
    assert type(made) is FusedAdam
    assert made.get_config()["beta_1"] == 0.5
    whole, first, second = (kind(0.1) for kind in (FusedAdam, keras.optimizers.Adam, FusedAdam))
    variables = [keras.Variable(np.ones(3, np.float32)) for _ in range(2)]
    gradients = [tf.constant([1.0, -2.0, 3.0]), tf.constant([0.5, 0.5, -1.0])]
    for optimizer, variable in ((whole, variables[0]), (first, variables[1])):
        optimizer.build([variable])
    for gradient in gradients:
        whole.apply([gradient], [variables[0]])
    first.apply(gradients[:1], [variables[1]])
    second.build([variables[1]])
    for ours, theirs in zip(second.variables, first.variables, strict=True):
        ours.assign(theirs)
    second.apply(gradients[1:], [variables[1]])
    np.testing.assert_allclose(*(np.array(variable) for variable in variables), rtol=1e-5)
