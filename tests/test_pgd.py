"""Preliminary protection, against Eq. 1-3 written in numpy for a linear classifier."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from skimage.metrics import structural_similarity

from tfppdnn.protection.projected_gradient_descent import (
    PreliminaryProtection,
    projected_gradient_descent,
)

SIZE, CLASSES, COUNT = 16, 4, 8
EPSILON, ALPHA = 0.32, 0.05


@pytest.fixture(scope="module")
def weights():
    # Small enough that the classifier is never so sure that a gradient's sign drowns in
    # rounding.
    rng = np.random.default_rng(0)
    return rng.normal(size=(SIZE * SIZE * 3, CLASSES), scale=0.005).astype(np.float32)


@pytest.fixture(scope="module")
def classifier(weights):
    """z = W^T x, so that the cross entropy's gradient is W (softmax(z) - onehot(y))."""
    inputs = keras.Input((SIZE, SIZE, 3))
    logits = keras.layers.Dense(CLASSES, use_bias=False)(keras.layers.Flatten()(inputs))
    model = keras.Model(inputs, logits)
    model.set_weights([weights])
    return model


@pytest.fixture(scope="module")
def images():
    """Smooth 8-bit pictures, on which SSIM means something."""
    y, x = np.mgrid[:SIZE, :SIZE] / SIZE
    phases = np.random.default_rng(1).uniform(0, 6, (COUNT, 3))
    waves = np.sin(7 * x[..., None] + 4 * y[..., None] + phases[:, None, None, :])
    return (np.round((0.5 + 0.45 * waves) * 255) / 255).astype(np.float32)


@pytest.fixture(scope="module")
def labels(weights, images):
    """The classes that the classifier likes least: it is wrong about every image."""
    return (images.reshape(COUNT, -1) @ weights).argmin(axis=1)


def protect(classifier, images, labels, **settings):
    settings = {"epsilon": EPSILON, "step_size": ALPHA, "iterations": 50, **settings}
    model = PreliminaryProtection(classifier, batch_size=len(images), **settings)
    return np.asarray(model.protect(images, labels))


def softmax(z):
    z = np.exp(z - z.max(axis=1, keepdims=True))
    return z / z.sum(axis=1, keepdims=True)


def numpys_gradient(protected, labels, weights):
    z = protected.reshape(len(protected), -1) @ weights
    return ((softmax(z) - np.eye(CLASSES)[labels]) @ weights.T).reshape(protected.shape)


def numpys_descent(images, labels, weights, *, epsilon, alpha, iterations):
    protected = images.astype(np.float64)
    for _ in range(iterations):
        # Eq. 3: a step of alpha against the gradient's sign ...
        protected = protected + alpha * np.sign(-numpys_gradient(protected, labels, weights))
        # ... and the projection: delta back into the ball of Eq. 2, the image to pixels.
        delta = np.clip(protected - images, -epsilon, epsilon)
        protected = np.clip(images + delta, 0, 1)
    return np.round(protected * 255) / 255


@pytest.mark.parametrize(("epsilon", "iterations"), [(0.32, 1), (0.32, 9), (0.12, 50), (1.0, 50)])
def test_it_is_the_equations(classifier, weights, images, labels, epsilon, iterations):
    expected = numpys_descent(
        images, labels, weights, epsilon=epsilon, alpha=ALPHA, iterations=iterations
    )
    protected = protect(
        classifier, images, labels, epsilon=epsilon, iterations=iterations, random_start=False
    )
    # Where a value lies half way between two grey levels, either is right.
    np.testing.assert_allclose(protected, expected, atol=1.001 / 255)
    assert (np.abs(protected - expected) < 1e-6).mean() > 0.99


def test_every_step_follows_the_gradient_it_is_given():
    images = np.full((1, 1, 1, 3), 0.5, np.float32)
    gradient = np.float32([2.0, -0.001, 0.0]).reshape(1, 1, 1, 3)
    walked = projected_gradient_descent(
        lambda protected: gradient, images, images, epsilon=0.25, step_size=0.1, iterations=2
    )
    np.testing.assert_allclose(np.ravel(walked), [0.3, 0.7, 0.5], atol=1e-6)

    # The third step of 0.1 would leave the ball of 0.25, the sixth the pixels.
    for epsilon, lowest, highest in ((0.25, 0.25, 0.75), (1.0, 0.0, 1.0)):
        walked = projected_gradient_descent(
            lambda protected: gradient, images, images, epsilon=epsilon, step_size=0.1, iterations=9
        )
        np.testing.assert_allclose(np.ravel(walked), [lowest, highest, 0.5], atol=1e-6)


@pytest.mark.parametrize("random_start", [False, True])
@pytest.mark.parametrize("epsilon", [8 / 255, 32 / 255, 1.0])
def test_the_result_is_an_8_bit_image_in_the_ball(
    classifier, images, labels, epsilon, random_start
):
    protected = protect(
        classifier, images, labels, epsilon=epsilon, iterations=10, random_start=random_start
    )

    assert protected.dtype == np.float32
    assert protected.min() >= 0
    assert protected.max() <= 1
    assert np.abs(protected - images).max() <= epsilon + 1e-6
    np.testing.assert_allclose(protected * 255, np.round(protected * 255), atol=1e-4)


def test_the_classifier_becomes_right_about_every_image(classifier, images, labels):
    assert (classifier.predict(images, verbose=0).argmax(axis=1) != labels).all()

    protected = protect(classifier, images, labels, epsilon=1.0, step_size=0.1)
    assert (classifier.predict(protected, verbose=0).argmax(axis=1) == labels).all()


def similarity(images, protected):
    return np.mean(
        [
            structural_similarity(a, b, channel_axis=-1, data_range=1.0)
            for a, b in zip(images, protected, strict=True)
        ]
    )


def test_a_small_ball_shows_the_picture_and_the_largest_hides_it(classifier, images, labels):
    small = protect(classifier, images, labels, epsilon=8 / 255, step_size=0.8 / 255)
    largest = protect(classifier, images, labels, epsilon=1.0, step_size=0.1)

    assert similarity(images, small) > 0.8
    assert similarity(images, largest) < 0.1


def test_the_random_start_depends_on_the_seed(classifier, images, labels):
    first, again, other = (
        protect(classifier, images, labels, epsilon=1.0, iterations=5, seed=seed)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.1


def test_without_random_start_the_seed_does_not_matter(classifier, images, labels):
    first, other = (
        protect(classifier, images, labels, random_start=False, seed=seed) for seed in (0, 1)
    )
    np.testing.assert_array_equal(first, other)


def test_fit_protects_each_batch_and_reports_the_classifiers_view(classifier, images, labels):
    model = PreliminaryProtection(classifier, batch_size=COUNT, random_start=False)
    model.compile()
    before = [w.copy() for w in classifier.get_weights()]
    history = model.fit(images, labels, batch_size=COUNT, shuffle=False, verbose=0).history
    kept = np.asarray(model.protected_batch)

    np.testing.assert_array_equal(kept, np.asarray(model.protect(images, labels)))
    logits = classifier.predict(kept, verbose=0)
    assert history["accuracy"] == [np.mean(logits.argmax(axis=1) == labels)]
    losses = -np.log(np.take_along_axis(softmax(logits), labels[:, None], axis=1))
    assert history["loss"][0] == pytest.approx(losses.mean(), abs=1e-5)
    for old, new in zip(before, classifier.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(("epsilon", "levels"), [(1.0, (0.5, 0.5)), (0.2, (0.1, 0.9))])
def test_the_random_start_is_spread_evenly_over_the_valid_part_of_the_ball(
    classifier, labels, epsilon, levels
):
    """With the largest ball nothing of a black or a white image is left in it."""
    for image, level in zip((0.0, 1.0), levels, strict=True):
        images = np.full((COUNT, SIZE, SIZE, 3), image, np.float32)
        start = protect(classifier, images, labels, epsilon=epsilon, iterations=0)
        assert start.mean() == pytest.approx(level, abs=0.02)
        assert start.std() == pytest.approx(epsilon / 12**0.5, abs=0.02)


def test_predicting_protects_batches_of_any_size(classifier, images, labels):
    model = PreliminaryProtection(classifier, batch_size=COUNT, random_start=False, iterations=3)
    batches = tf.data.Dataset.from_tensor_slices((images, labels)).batch(3)
    predicted = model.predict(batches, verbose=0)
    np.testing.assert_allclose(predicted, model.protect(images, labels), atol=1.001 / 255)


def test_it_survives_its_configuration(classifier, images, labels):
    model = PreliminaryProtection(classifier, batch_size=COUNT, epsilon=0.5, iterations=3, seed=4)
    again = PreliminaryProtection.from_config(model.get_config())
    assert again.get_config() == model.get_config()
    again.reference_classifier.set_weights(classifier.get_weights())
    np.testing.assert_array_equal(again.protect(images, labels), model.protect(images, labels))
