"""The transformation network's training step, seen from outside."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.perceptual import perceptual_features
from tfppdnn.models.unet import unet
from tfppdnn.models.vgg13 import vgg13_bn
from tfppdnn.protection import losses
from tfppdnn.protection.cyclegan import CycleGAN

BATCH = 4
NETWORKS = (
    "protector",
    "restorer",
    "plain_discriminator",
    "protected_discriminator",
    "reference_classifier",
    "features",
)


def build(*, eager=False, **settings):
    """Makes a small model; an eager one saves the seconds that a graph of few steps costs."""
    keras.utils.set_random_seed(0)
    classifier = vgg13_bn(num_classes=3, width=0.05)
    model = CycleGAN(
        protector=unet(base_width=4, depth=2, name="protector"),
        restorer=unet(base_width=4, depth=2, name="restorer"),
        plain_discriminator=patchgan(base_width=4, strided_layers=2),
        protected_discriminator=patchgan(base_width=4, strided_layers=2),
        reference_classifier=classifier,
        features=perceptual_features("reference", reference_classifier=classifier).model,
        **{"pool_size": 8, **settings},
    )
    model.compile()
    model.run_eagerly = eager
    return model


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    images, protected = rng.random((2, BATCH, 32, 32, 3), np.float32)
    labels, protected_labels = rng.integers(0, 3, (2, BATCH))
    return (images, labels), (protected, protected_labels)


@pytest.fixture(scope="module")
def model():
    return build()


@pytest.fixture(scope="module")
def trained(data):
    """A model after three steps through `fit`, its states before, and the history."""
    model = build()
    before = states(model)
    batches = tf.data.Dataset.from_tensors(data).repeat(3)
    history = model.fit(batches, shuffle=False, verbose=0).history
    return model, before, history


def states(model):
    return {name: [w.copy() for w in getattr(model, name).get_weights()] for name in NETWORKS}


def changed(before, after):
    return {
        name
        for name in before
        if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))
    }


def touched(gradients):
    return all(g is not None and np.abs(g).max() > 0 for g in gradients)


def test_the_defaults_are_the_papers():
    settings = {
        name: parameter.default
        for name, parameter in inspect.signature(CycleGAN.__init__).parameters.items()
    }
    assert settings["lambda_"] == 0.4
    assert settings["gamma"] == (-1.0, 0.4, 0.9)
    assert settings["pool_size"] == 50

    for optimizer in build().optimizers:
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)
        assert (optimizer.beta_1, optimizer.beta_2) == (0.5, 0.999)


def test_one_pair_of_optimizers_shares_all_that_is_trained(model):
    assert len(model.optimizers) == 2
    assert model.optimizers[0] is model.optimizer

    def ids(variables):
        return {id(v) for v in variables}

    assert ids(model.generators_variables) == ids(
        model.protector.trainable_variables + model.restorer.trainable_variables
    )
    assert ids(model.generators_variables) | ids(model.discriminators_variables) == ids(
        model.trainable_variables
    )
    assert not ids(model.generators_variables) & ids(model.discriminators_variables)


def test_the_train_step_can_be_read_at_a_glance():
    for step in (CycleGAN.train_step, CycleGAN.train_generators, CycleGAN.train_discriminators):
        assert len(inspect.getsource(step).splitlines()) < 30


@pytest.mark.parametrize("cycle", ["A", "B"])
def test_both_generators_learn_from_each_cycle(model, data, cycle):
    (images, _), (protected, _) = data
    start, first, second = {
        "A": (images, model.protector, model.restorer),
        "B": (protected, model.restorer, model.protector),
    }[cycle]
    start = tf.constant(start)

    def other_cycle_is_perfect(x, cycled, x_p, cycled_p):
        return real(x, cycled, x_p, x_p) if cycle == "A" else real(x, x, x_p, cycled_p)

    # The reconstruction term as the objective computes it, with the other cycle taken out.
    real = losses.reconstruction_loss
    terms = {}
    with pytest.MonkeyPatch.context() as patch, tf.GradientTape(persistent=True) as tape:
        patch.setattr(losses, "reconstruction_loss", other_cycle_is_perfect)
        patch.setattr(
            losses,
            "cycle_loss",
            lambda perceptual, classification, reconstruction, gamma: terms.setdefault(
                "reconstruction", reconstruction
            ),
        )
        model.generators_objective(*data[0], *data[1], training=True)
        direct = tf.reduce_mean(tf.square(second(first(start)) - start))

    np.testing.assert_allclose(terms["reconstruction"], direct, rtol=1e-4)
    for generator in (model.protector, model.restorer):
        gradients = tape.gradient(terms["reconstruction"], generator.trainable_variables)
        assert touched(gradients)


def test_all_that_should_learn_learns_and_nothing_else(trained):
    model, before, _ = trained

    assert changed(before, states(model)) == set(NETWORKS[:4])


def test_each_half_of_a_step_leaves_the_other_half_alone(data):
    model = build()
    (images, labels), (protected, protected_labels) = data

    before = states(model)
    fakes = model.train_generators(images, labels, protected, protected_labels)
    after = states(model)
    assert changed(before, after) == {"protector", "restorer"}

    model.train_discriminators(images, protected, *fakes)
    assert changed(after, states(model)) == {"plain_discriminator", "protected_discriminator"}


def test_discriminators_are_shown_the_fakes_of_before_the_update(data):
    model = build()
    (images, labels), (protected, protected_labels) = data
    fake_plain, fake_protected = model.restorer(protected), model.protector(images)

    answers = model.train_generators(images, labels, protected, protected_labels)
    np.testing.assert_allclose(answers[0], fake_plain, atol=1e-5)
    np.testing.assert_allclose(answers[1], fake_protected, atol=1e-5)


def test_fakes_of_both_domains_are_pooled(trained):
    model, _, _ = trained

    assert int(model.plain_pool.filled) == int(model.protected_pool.filled) == 8
    assert (np.asarray(model.plain_pool.images) != np.asarray(model.protected_pool.images)).any()


def test_every_loss_and_the_accuracy_are_reported(trained):
    _, _, history = trained

    assert set(history) == {
        "accuracy",
        "adversarial_protector",
        "adversarial_restorer",
        "classification",
        "discriminators",
        "generators",
        "perceptual",
        "reconstruction",
    }
    assert all(np.isfinite(values).all() for values in history.values())


@pytest.mark.slow
def test_testing_reports_the_same_metrics_and_changes_nothing(data):
    model = build(eager=True)
    batches = tf.data.Dataset.from_tensors(data)
    metrics = {id(v) for v in model.metrics_variables}
    variables = [v for v in model.variables if id(v) not in metrics]
    before = [np.array(v) for v in variables]
    tested = model.evaluate(batches, return_dict=True, verbose=0)
    for variable, old in zip(variables, before, strict=True):
        np.testing.assert_array_equal(variable, old)

    # A training step's metrics are those of before its update; until then all is equal.
    model.reset_metrics()
    fitted = model.fit(batches, shuffle=False, verbose=0).history
    assert tested.keys() == fitted.keys()
    for name, value in tested.items():
        assert value == pytest.approx(fitted[name][0], abs=1e-4), name


def cross_entropy(logits, labels):
    logits = np.asarray(logits, np.float64)
    logits = logits - logits.max(axis=1, keepdims=True)
    log_softmax = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -np.take_along_axis(log_softmax, labels[:, None], axis=1).mean()


@pytest.mark.parametrize("cap", [pytest.param(None, marks=pytest.mark.slow), 0.05])
def test_the_total_is_eq_4_of_parts_that_numpy_computes(data, cap):
    lambda_, gamma = 0.7, (-1.5, 0.3, 2.0)
    model = build(eager=True, lambda_=lambda_, gamma=gamma, perceptual_cap=cap)
    (x, y), (x_p, y_p) = data
    g_ab, g_ba = (lambda z, g=g: np.asarray(g(z)) for g in (model.protector, model.restorer))
    h, phi = model.reference_classifier, (lambda z: np.asarray(model.features(z)))

    def feature_distance(other):  # Eq. 7
        distance = ((phi(other) - phi(x)) ** 2).mean(axis=(1, 2, 3))
        return np.minimum(distance, np.inf if cap is None else cap).mean()

    def passes_for_real(discriminator, fake):
        return ((np.asarray(discriminator(fake)) - 1) ** 2).mean()

    perceptual = feature_distance(g_ab(x)) + feature_distance(g_ba(x_p))  # Eq. 6
    classification = cross_entropy(h(g_ab(x)), y) + cross_entropy(h(g_ba(x_p)), y_p)  # Eq. 8
    reconstruction = ((g_ba(g_ab(x)) - x) ** 2).mean() + ((g_ab(g_ba(x_p)) - x_p) ** 2).mean()
    cycle = gamma[0] * perceptual + gamma[1] * classification + gamma[2] * reconstruction
    restorer = passes_for_real(model.plain_discriminator, g_ba(x_p))
    protector = passes_for_real(model.protected_discriminator, g_ab(x))
    total = lambda_ * restorer + lambda_ * protector + cycle  # Eq. 4

    reported = model.evaluate(tf.data.Dataset.from_tensors(data), return_dict=True, verbose=0)
    expected = {
        "perceptual": perceptual,
        "classification": classification,
        "reconstruction": reconstruction,
        "adversarial_restorer": restorer,
        "adversarial_protector": protector,
        "generators": total,
        "accuracy": np.mean(np.asarray(h(g_ab(x))).argmax(axis=1) == y),
    }
    for name, value in expected.items():
        assert reported[name] == pytest.approx(value, rel=1e-3, abs=1e-4), name


def test_discriminators_judge_their_own_domain(data, model):
    (x, _), (x_p, _) = data
    fake_plain, fake_protected = np.asarray(model.restorer(x_p)), np.asarray(model.protector(x))

    def loss(discriminator, real, fake):
        real, fake = np.asarray(discriminator(real)), np.asarray(discriminator(fake))
        return 0.5 * (((real - 1) ** 2).mean() + (fake**2).mean())

    expected = loss(model.plain_discriminator, x, fake_plain) + loss(
        model.protected_discriminator, x_p, fake_protected
    )
    total = model.discriminators_objective(x, x_p, fake_plain, fake_protected, training=False)
    assert float(total) == pytest.approx(expected, rel=1e-4)


@pytest.mark.long
def test_training_lowers_the_loss_of_a_task_that_can_be_learned(data):
    # Without adversaries and perceptual loss, what is left is to be read and turned back.
    model = build(lambda_=0.0, gamma=(0.0, 1.0, 1.0))
    model.compile(optimizer=keras.optimizers.Adam(0.01, beta_1=0.5))
    model.run_eagerly = True
    batches = tf.data.Dataset.from_tensors(data).repeat(4)
    first, second = (
        model.fit(batches, shuffle=False, verbose=0).history["generators"][0] for _ in range(2)
    )

    assert second < first


def test_calling_the_model_protects(model, data):
    (images, _), _ = data
    np.testing.assert_array_equal(model(images), model.protector(images))
