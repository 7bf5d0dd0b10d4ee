"""A generator that draws what may have been protected: sharp, and right where it can be."""

import keras
import numpy as np
import pytest

from tfppdnn.attacks import ConditionalGeneratorAttack, OwnedProtector, ThreatModel
from tfppdnn.attacks.flow_matching import drawn, on_the_way
from tfppdnn.audit.plan import ON_DEMAND, plan_attacks
from tfppdnn.errors import UserError
from tfppdnn.leakage import reidentification, sharpness
from tfppdnn.models.velocity import velocity_network
from tfppdnn.settings.audit import make_audit_settings

RNG = np.random.default_rng(5)
SIDE = 8


def squares(count):
    """Pictures of one bright square of 4x4 pixels, of any colour and at any place."""
    images = np.full((count, SIDE, SIDE, 3), 20, np.uint8)
    places = RNG.integers(0, SIDE - 3, (count, 2))
    colours = RNG.integers(80, 256, (count, 3))
    for image, (y, x), colour in zip(images, places, colours, strict=True):
        image[y : y + 4, x : x + 4] = colour
    return images


def coarse(images):
    """The means of 2x2 squares, each as large as it was."""
    means = images.reshape(len(images), SIDE // 2, 2, SIDE // 2, 2, 3).mean(axis=(2, 4))
    return np.repeat(np.repeat(means.astype(np.uint8), 2, axis=1), 2, axis=2)


def scattered(images):
    """All pixels at other places: nothing is read off in its place."""
    order = np.random.default_rng(0).permutation(images[0].size)
    return images.reshape(len(images), -1)[:, order].reshape(images.shape)


class Function:
    """A protector that is any function of images."""

    def __init__(self, function):
        self.protect = function


PLAIN, HELD_OUT = squares(500), squares(60)


def attacked(protect, *, checkpoints=None, held_out=HELD_OUT, plain=PLAIN, **settings):
    data = OwnedProtector(targets=protect(held_out), protector=Function(protect), plain=plain)
    settings = {"epochs": 20, "width": 32, "learning_rate": 5e-3, "steps": 8, **settings}
    return ConditionalGeneratorAttack(**settings).run(data, checkpoints=checkpoints)


def mean_error(images):
    return np.abs(images.astype(int) - HELD_OUT).mean()


ERROR_OF_THE_MEAN_PICTURE = mean_error(np.broadcast_to(PLAIN.mean(axis=0), HELD_OUT.shape))


@pytest.mark.parametrize(
    "protect",
    [
        pytest.param(coarse, marks=pytest.mark.slow),
        pytest.param(scattered, marks=pytest.mark.long),
    ],
)
def test_what_is_still_there_is_drawn_as_it_was(protect):
    result = attacked(protect)
    assert (result.attack, result.threat_model) == (
        "conditional_generator",
        ThreatModel.PROTECTOR,
    )
    assert result.images.dtype == np.uint8 and "500 images" in result.finding
    assert mean_error(result.images) < ERROR_OF_THE_MEAN_PICTURE / 3
    assert reidentification(result.images, HELD_OUT).mean() > 0.9
    assert 0.7 < sharpness(result.images).mean() / sharpness(HELD_OUT).mean() < 2


@pytest.mark.long
def test_of_what_is_gone_something_else_is_drawn_as_sharply():
    """Of pictures with one bright half, and a protector that says nothing of which."""
    halves = np.full((4, SIDE, SIDE, 3), 20, np.uint8)
    halves[0, :4], halves[1, 4:], halves[2, :, :4], halves[3, :, 4:] = [220] * 4
    plain = halves[RNG.integers(0, 4, 500)]

    def shown(seed):
        settings = {"plain": plain, "held_out": plain[:60], "width": 16, "seed": seed}
        images = attacked(np.zeros_like, epochs=28, **settings).images.astype(int)
        distances = np.abs(images[:, None] - halves).mean(axis=(2, 3, 4))
        # Each is one of them: a blur of two is 50 away from either, the mean picture 100 from all.
        assert np.median(distances.min(axis=1)) < 40
        return distances.argmin(axis=1)

    one, other = shown(0), shown(1)
    assert set(one) == {0, 1, 2, 3}
    assert (one != other).mean() > 0.5


@pytest.mark.long
def test_a_killed_training_goes_on_and_draws_the_same(tmp_path, monkeypatch):
    class KilledError(Exception):
        """Stands for the end of the process."""

    small = {"epochs": 37, "batch_size": 20, "width": 8, "steps": 2}
    small |= {"plain": PLAIN[:60], "held_out": HELD_OUT[:4]}
    expected = attacked(coarse, **small).images
    fit, rounds = keras.Model.fit, []

    def killed_in_the_third_round(model, *arguments, **keywords):
        rounds.append(model)
        if len(rounds) == 3:
            raise KilledError
        return fit(model, *arguments, **keywords)

    monkeypatch.setattr(keras.Model, "fit", killed_in_the_third_round)
    with pytest.raises(KilledError):
        attacked(coarse, checkpoints=tmp_path, **small)
    resumed = attacked(coarse, checkpoints=tmp_path, **small)
    np.testing.assert_array_equal(resumed.images, expected)
    # 111 steps are three rounds, of which two were saved.
    assert len(rounds) == 4


def test_the_way_from_noise_to_a_picture():
    pictures, noise = RNG.random((2, 3, 4, 4, 3), dtype=np.float32)
    time = np.array([[0], [0.25], [1]], np.float32)
    noisy, velocity = on_the_way(pictures, noise, time)
    np.testing.assert_allclose(noisy[0], noise[0])
    np.testing.assert_allclose(noisy[1], 0.75 * noise[1] + 0.25 * pictures[1], rtol=1e-6)
    np.testing.assert_allclose(noisy[2], pictures[2])
    np.testing.assert_allclose(velocity, pictures - noise)


def test_who_goes_the_true_way_arrives():
    """Of pictures that are normal numbers, the mean way is known: it ends in their distribution."""
    mean, deviation = np.float32(3), np.float32(0.2)

    def velocity(x, time):
        t = time[:, :, None, None]
        variance = (1 - t) ** 2 + (t * deviation) ** 2
        return mean + (t * deviation**2 - (1 - t)) / variance * (x - t * mean)

    noise = RNG.standard_normal((200, 4, 4, 3), np.float32)
    found = drawn(velocity, noise, steps=40)
    # The flow of a normal distribution is a change of scale: x = m + s z.
    np.testing.assert_allclose(found, mean + deviation * noise, atol=0.02)
    coarser = np.abs(drawn(velocity, noise, steps=5) - mean - deviation * noise).mean()
    assert coarser > 3 * np.abs(found - mean - deviation * noise).mean()


@pytest.mark.slow
def test_the_loss_is_the_mean_square_of_what_is_missing_from_the_velocity():
    data = OwnedProtector(targets=coarse(HELD_OUT), protector=Function(coarse), plain=PLAIN[:40])
    seen = []

    class Watched(ConditionalGeneratorAttack):
        def _batches(self, *arguments):
            for batch in super()._batches(*arguments):
                seen.append(batch)
                yield batch

    losses = []
    fit = keras.Model.fit

    def watched(model, *arguments, **keywords):
        model.set_weights([0.05 * RNG.standard_normal(w.shape) for w in model.get_weights()])
        before = model.get_weights()
        found = fit(model, *arguments, **keywords)
        losses.append((before, found.history["loss"][-1], model))
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keras.Model, "fit", watched)
        Watched(epochs=1, batch_size=40, width=8, steps=1).run(data)
    ((weights, loss, model),), ((inputs, velocity),) = losses, seen
    noisy, protected, _, time = inputs
    model.set_weights(weights)
    wanted = np.square(np.asarray(model(list(inputs))) - velocity).mean()
    assert loss == pytest.approx(wanted, rel=1e-4)
    # The picture, where the straight way from the noisy one with that velocity ends.
    order = np.random.default_rng([0, 0]).permutation(40)
    arrived = noisy + (1 - time[:, :, None, None]) * velocity
    plain = PLAIN[:40][order] / 255
    mean = plain.mean(axis=0)
    np.testing.assert_allclose(arrived, (plain - mean) / (plain - mean).std(), atol=1e-3)
    np.testing.assert_allclose(protected, 2 * (coarse(PLAIN[:40])[order] / 255) - 1, atol=1e-5)


@pytest.mark.parametrize("size", [(7, 9), (32, 32), (5, 5)])
def test_the_network_takes_any_size_and_begins_with_the_mean_picture(size):
    network = velocity_network(image_size=size, numbers=3, base_width=8)
    noisy = RNG.standard_normal((2, *size, 3), np.float32)
    time = np.array([[0.25], [1]], np.float32)
    found = network([noisy, noisy, np.ones((2, 3), np.float32), time])
    # Pictures are told as deviations from that: it goes to 0, in the time that is left.
    left = np.float32([0.75, 0.05])[:, None, None, None]
    np.testing.assert_allclose(found, -noisy / left, rtol=1e-5)


def test_it_is_made_if_it_is_named_and_as_strong_as_the_settings_say():
    settings = make_audit_settings("quick", {"generator_epochs": 3, "generator_width": 24})
    (planned,) = plan_attacks("conditional_generator", settings, seed=4)
    (attack,) = planned.attempts
    assert (attack.epochs, attack.width, attack.seed) == (3, 24, 4)
    assert "conditional_generator" in ON_DEMAND
    assert "conditional_generator" not in {one.name for one in plan_attacks(None, settings)}


def test_who_has_no_pairs_learns_nothing():
    with pytest.raises(UserError, match="no images"):
        attacked(np.copy, plain=PLAIN[:0])
