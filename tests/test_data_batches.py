"""Batches that depend on the seed and the step only."""

import itertools

import numpy as np
import pytest

from tfppdnn.datasets.batches import image_batches, in_batches, shuffled_indices


def steps_of(count=10, batch_size=4, first_step=0, steps=10, seed=0):
    return [
        indices.tolist()
        for indices in shuffled_indices(
            count, batch_size=batch_size, first_step=first_step, steps=steps, seed=seed
        )
    ]


@pytest.mark.parametrize(("count", "batch_size"), [(10, 5), (10, 4), (7, 3), (3, 8), (1, 2)])
def test_every_image_comes_once_an_epoch(count, batch_size):
    epochs = 6
    steps = -(-epochs * count // batch_size)
    indices = np.concatenate(steps_of(count, batch_size, steps=steps))[: epochs * count]

    for epoch in indices.reshape(epochs, count):
        assert sorted(epoch) == list(range(count))


def test_epochs_differ_from_one_another():
    epochs = np.concatenate(steps_of(20, 20, steps=5)).reshape(5, 20)
    assert len({tuple(epoch) for epoch in epochs}) == 5


def test_a_step_is_the_same_wherever_counting_began():
    whole = steps_of(steps=12)

    for first_step in range(12):
        assert steps_of(first_step=first_step, steps=12 - first_step) == whole[first_step:]


def test_another_seed_is_another_order():
    assert steps_of(seed=0) != steps_of(seed=1)
    assert steps_of(seed=0) == steps_of(seed=0)


@pytest.fixture(scope="module")
def photos():
    """Images without a 0, so that padding can be told from them; labels are their numbers."""
    rng = np.random.default_rng(0)
    return rng.integers(1, 256, (20, 32, 32, 3)).astype(np.uint8), np.arange(20)


def batches_of(photos, **settings):
    settings = {"batch_size": 8, "first_step": 0, "steps": 5, "seed": 0, **settings}
    return [(x.numpy(), y.numpy()) for x, y in image_batches(*photos, **settings)]


def test_batches_are_images_in_0_to_1_with_their_labels(photos):
    images, _ = photos
    found = batches_of(photos)

    assert len(found) == 5
    for (x, y), indices in zip(found, steps_of(20, 8, steps=5), strict=True):
        assert (x.dtype, y.dtype) == (np.float32, np.int64)
        np.testing.assert_array_equal(y, indices)
        np.testing.assert_allclose(x, images[y] / 255, atol=1e-7)


def test_batches_say_how_many_they_are(photos):
    data = image_batches(*photos, batch_size=8, first_step=3, steps=4, seed=0, augment=True)

    assert int(data.cardinality()) == 4
    assert data.element_spec[0].shape == (8, 32, 32, 3)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long)])
def test_augmentation_repeats_itself_for_the_same_steps(photos, seed):
    first, again = (batches_of(photos, augment=True, seed=seed, first_step=2) for _ in range(2))

    for (x, y), (x_again, y_again) in zip(first, again, strict=True):
        np.testing.assert_array_equal(x, x_again)
        np.testing.assert_array_equal(y, y_again)


def test_augmentation_without_a_seed_of_its_own_repeats_itself_too(photos):
    from tfppdnn.datasets.augmentation import live_augmentation

    images = (photos[0] / 255).astype(np.float32)
    first, again = (np.asarray(live_augmentation(32, seed=0)(images)) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_augmentation_draws_anew_in_every_round(photos):
    one_image = (photos[0][:1], photos[1][:1])
    rounds = [batches_of(one_image, augment=True, first_step=step, steps=1) for step in range(3)]

    assert len({found[0][0].tobytes() for found in rounds}) == 3


def test_augmentation_moves_by_up_to_four_pixels_and_mirrors(photos):
    images, _ = photos
    margins, mirrored = set(), 0
    found = batches_of(photos, augment=True, steps=25)
    for x, y in found:
        for image, source in zip(x, images[y] / 255, strict=True):
            # Padding is black and no pixel of an image is: what came in from outside shows.
            inside = image.max(axis=-1) > 0
            rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
            margins.add((rows[0] - (31 - rows[-1]), columns[0] - (31 - columns[-1])))
            assert inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].all()
            # Nothing but pixels of the image itself.
            values = {tuple(v) for v in source.reshape(-1, 3).astype(np.float32)}
            assert {tuple(v) for v in image[inside]} <= values
            mirrored += is_mirrored(image, source)

    vertical = {margin[0] for margin in margins}
    horizontal = {margin[1] for margin in margins}
    assert vertical == horizontal == set(range(-4, 5))
    # 200 throws of a coin: 100 and a standard deviation of 7.
    assert 65 < mirrored < 135


def test_digits_are_not_mirrored(photos):
    images, _ = photos
    found = batches_of(photos, augment=True, flip=False, steps=5)

    assert not any(
        is_mirrored(image, source)
        for x, y in found
        for image, source in zip(x, images[y] / 255, strict=True)
    )


def is_mirrored(image, source):
    """Whether neighbours in a row of the image come in the order of the source or its mirror."""
    places = {tuple(v): x for x, v in enumerate(source[16].astype(np.float32))}
    row = [places.get(tuple(v)) for y in range(10, 23) for v in image[y]]
    steps = [b - a for a, b in itertools.pairwise(row) if a is not None and b is not None]
    return sum(np.sign(steps)) < 0


def test_each_image_of_a_batch_is_augmented_by_itself(photos):
    same = (np.repeat(photos[0][:1], 20, axis=0), photos[1])
    ((x, _),) = batches_of(same, augment=True, steps=1)

    assert len({image.tobytes() for image in x}) >= 6


def test_slices_cover_all_images_in_order():
    images = np.arange(10)

    assert [part.tolist() for part in in_batches(images, 4)] == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert list(in_batches(images[:0], 4)) == []
