"""The hardened objective: each of its terms, who is trained by which, and resuming."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models.bottleneck import bottleneck
from tfppdnn.models.hourglass import hourglass
from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.vgg13 import copy_stages, stage_averages, vgg13_bn
from tfppdnn.protection import losses
from tfppdnn.protection.building import _name_classes
from tfppdnn.protection.hardened import HardenedProtector, in_eight_bits
from tfppdnn.training.checkpoints import Checkpoints

BATCH = 6


def build(seed=0, privacy_epsilon=None, **weights):
    keras.utils.set_random_seed(seed)
    model = HardenedProtector(
        protector=bottleneck(
            code_size=8, encoder_width=0.03, decoder_width=2, privacy_epsilon=privacy_epsilon
        ),
        restorer=hourglass(base_width=4, waist=16),
        protected_discriminator=patchgan(base_width=4, strided_layers=2),
        reference_classifier=vgg13_bn(num_classes=3, width=0.03),
        mean_image=np.full((32, 32, 3), 0.4, np.float32),
        pool_size=BATCH,
        **weights,
    )
    model.compile(optimizer=keras.optimizers.Adam(1e-3, beta_1=0.5))
    return model


def batch(seed=0):
    rng = np.random.default_rng(seed)
    images, preliminary = rng.random((2, BATCH, 32, 32, 3), np.float32)
    return (images, rng.integers(0, 3, BATCH)), (preliminary, np.zeros(BATCH, np.int64))


@pytest.mark.parametrize(
    ("estimates", "expected"),
    [
        ([[1.0, 3.0]], 1.0),  # Known.
        ([[2.0, 2.0]], 0.0),  # No better than the mean.
        ([[1.0, 2.0]], 0.5),  # Half of it: an error of 1 where the mean has 1 + 1.
        ([[3.0, 1.0]], -3.0),  # Worse: 4 + 4.
    ],
)
def test_explained_variance_by_hand(estimates, expected):
    values, mean = np.array([[1.0, 3.0]]), np.array([2.0, 2.0])
    explained = losses.explained_variance(values, np.array(estimates), mean)
    assert float(explained) == pytest.approx(expected)


def test_images_are_rounded_and_gradients_pass():
    images = tf.constant([0.0, 0.1, 0.5, 1.0])
    with tf.GradientTape() as tape:
        tape.watch(images)
        rounded = in_eight_bits(images)
    # 25.5 and 127.5 go to the even neighbour.
    np.testing.assert_allclose(np.asarray(rounded) * 255, [0, 26, 128, 255], atol=1e-4)
    np.testing.assert_array_equal(tape.gradient(rounded, images), np.ones(4))


@pytest.mark.parametrize(
    "weights", [pytest.param((1.0, 1.0, 1.0, 1.0), marks=pytest.mark.slow), (0.3, 0.5, 2.0, 7.0)]
)
def test_the_objective_is_the_weighted_sum_of_its_terms(weights):
    names = ("lambda_", "classification_weight", "feature_weight", "hiding_weight")
    model = build(**dict(zip(names, weights, strict=True)))
    (images, labels), _ = batch()
    loss, protected = model.protector_objective(images, labels, training=False)

    x_p = np.round(np.asarray(model.protector(images)) * 255) / 255
    np.testing.assert_allclose(protected, x_p, atol=1e-6)
    scores = np.asarray(model.protected_discriminator(x_p))
    *plain_features, _ = map(np.asarray, model.reference(images))
    *features, logits = map(np.asarray, model.reference(x_p))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    restored = np.asarray(model.restorer(x_p))
    terms = (
        np.mean((scores - 1) ** 2),
        -np.log(shares[np.arange(BATCH), labels]).mean(),
        # Two stages, counted alike.
        np.mean(
            [
                ((b - a) ** 2).sum() / ((a - a.mean(axis=0)) ** 2).sum()
                for a, b in zip(plain_features, features, strict=True)
            ]
        ),
        max(0.0, 1 - ((restored - images) ** 2).sum() / ((images - 0.4) ** 2).sum()),
    )
    assert float(loss) == pytest.approx(np.dot(weights, terms), rel=1e-4)


def test_features_are_the_averages_of_the_last_stages():
    classifier = vgg13_bn(num_classes=3, width=0.03)
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    ends = [layer for layer in classifier.layers if "max_pooling2d" in layer.name][-3:]
    expected = [
        np.asarray(keras.Model(classifier.inputs, end.output)(images)).mean(axis=(1, 2))
        for end in ends
    ]
    found = keras.Model(classifier.inputs, stage_averages(classifier, 3))(images)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    # At 32x32 the last are what the logits are made of.
    last = keras.Model(classifier.inputs, classifier.layers[-1].input)(images)
    np.testing.assert_allclose(found[-1], last, rtol=1e-5)


@pytest.mark.slow
def test_a_restorer_that_knows_nothing_costs_nothing_and_one_that_knows_all_costs_its_weight():
    (images, labels), _ = batch()

    def cost(restored):
        model = build(lambda_=0.0, classification_weight=0, feature_weight=0, hiding_weight=3.0)
        model.restorer = lambda protected, training: restored
        return float(model.protector_objective(images, labels, training=False)[0])

    assert cost(np.full_like(images, 0.4)) == pytest.approx(0, abs=1e-5)
    assert cost(1 - images) == 0
    assert cost(images) == pytest.approx(3.0)


@pytest.mark.slow
def test_protector_and_restorer_pull_in_opposite_directions():
    (images, labels), _ = batch()
    model = build(lambda_=0.0, classification_weight=0, feature_weight=0, hiding_weight=1.0)
    protected = model.protector_objective(images, labels, training=False)[1]

    def known():
        return float(
            losses.explained_variance(
                images, model.restorer(protected, training=True), model.mean_image
            )
        )

    before = known()
    for _ in range(20):
        model.train_restorer(images, protected)
    assert known() > before + 0.1

    # What the protector descends is what the restorer climbs.
    model.restorer = lambda protected, training: protected
    first = float(model.protector_objective(images, labels, training=True)[0])
    model.mean_image = tf.fill(model.mean_image.shape, 9.0)  # Nobody is worse than that.
    before = float(model.protector_objective(images, labels, training=True)[0])
    for _ in range(20):
        model.train_protector(images, labels)
    assert first == 0
    assert float(model.protector_objective(images, labels, training=True)[0]) < before


def test_one_step_trains_the_three_and_leaves_the_reference_classifier():
    model = build()
    networks = (model.protector, model.restorer, model.protected_discriminator, model.reference)
    before = [[np.array(w) for w in network.get_weights()] for network in networks]
    (images, labels), (preliminary, preliminary_labels) = batch()
    figures = model.train_step(((images, labels), (preliminary, preliminary_labels)))
    changed = [
        any(not np.array_equal(a, b) for a, b in zip(old, network.get_weights(), strict=True))
        for old, network in zip(before, networks, strict=True)
    ]
    assert changed == [True, True, True, False]
    assert set(figures) >= {"protector", "restored", "features", "discriminator", "accuracy"}


@pytest.mark.slow
def test_a_protector_under_noise_is_trained_drawn_from_and_saved(tmp_path):
    model = build(privacy_epsilon=2.0)
    before = [np.array(weight) for weight in model.protector.trainable_weights]
    found = model.train_step(batch())
    assert all(np.isfinite(float(value)) for value in found.values())
    after = model.protector.trainable_weights
    assert any((old != np.array(new)).any() for old, new in zip(before, after, strict=True))
    # Of 8 words each picture's own comes out with probability 0.5, so not for all of them twice.
    (images, _), _ = batch()
    assert (np.asarray(model(images)) != np.asarray(model(images))).any()
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    noise = np.arange(2 * BATCH, dtype=np.int32).reshape(BATCH, 2)
    np.testing.assert_array_equal(
        again.protector([images, noise]), model.protector([images, noise])
    )


def test_classes_have_words_of_their_own_which_training_leaves_alone():
    classifier = vgg13_bn(num_classes=3, width=0.03)
    protector = bottleneck(code_size=4, encoder_width=0.03, decoder_width=2, privacy_epsilon=8.0)
    images = np.random.default_rng(0).random((50, 32, 32, 3)).astype(np.float32)
    # Untrained, it would say the same of all.
    kernel, _ = classifier.get_layer("logits").get_weights()
    typical = classifier.predict(images, verbose=0).mean(axis=0)
    classifier.get_layer("logits").set_weights([kernel, -typical])
    copy_stages(classifier, protector)
    _name_classes(classifier, protector)
    classes = classifier.predict(images, verbose=0).argmax(axis=1)
    assert len({*classes}) > 1
    named = keras.Model(protector.inputs, protector.get_layer("word").output)
    kept = np.full((50, 2), -(2**31), np.int32)

    words = np.asarray(named([images, kept], training=True))

    np.testing.assert_array_equal(words, np.eye(4)[classes])
    trained = {weight.path.split("/")[0] for weight in protector.trainable_weights}
    assert "code" not in trained and trained


@pytest.mark.long
def test_a_killed_training_goes_on_with_the_same_weights(tmp_path):
    def steps(model, seeds):
        for seed in seeds:
            model.train_step(batch(seed))

    whole = build()
    steps(whole, range(4))
    first = build()
    steps(first, range(2))
    Checkpoints(tmp_path, first).save(2, [])
    second = build(seed=1)
    assert Checkpoints(tmp_path, second).restore() == (2, [])
    steps(second, range(2, 4))
    for ours, theirs in zip(whole.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_of_one_image_there_is_nothing_to_know_beyond_its_own_mean():
    image, estimate = np.full((1, 4), 0.5), tf.Variable(np.full((1, 4), 0.3))
    with tf.GradientTape() as tape:
        explained = losses.explained_variance(image, estimate, image[0])
    assert float(explained) == 0
    np.testing.assert_array_equal(tape.gradient(explained, estimate), np.zeros((1, 4)))
