"""The pool of earlier fakes, followed image by image."""

import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models.fake_pool import FakePool


def numbered(first, count):
    """Images that carry a number of their own, from 1 so that none is the empty pool's 0."""
    numbers = np.arange(first, first + count, dtype=np.float32)
    return np.tile(numbers[:, None, None, None], (1, 2, 2, 3))


def numbers_of(images):
    images = np.asarray(images)
    assert (images == images[:, :1, :1, :1]).all()  # No image is a mixture of two.
    return images[:, 0, 0, 0].astype(int).tolist()


def test_until_the_pool_is_full_fakes_come_back_as_they_are():
    pool = FakePool((2, 2, 3), size=12)

    for first in (1, 5, 9):
        assert numbers_of(pool(numbered(first, 4))) == list(range(first, first + 4))
    assert sorted(numbers_of(pool.images)) == list(range(1, 13))


def test_a_size_that_is_no_multiple_of_the_batch_is_filled_too():
    pool = FakePool((2, 2, 3), size=10)
    for first in (1, 5, 9):
        assert numbers_of(pool(numbered(first, 4))) == list(range(first, first + 4))

    # The third batch went round: 11 and 12 lie where 1 and 2 did.
    assert sorted(numbers_of(pool.images)) == list(range(3, 13))
    assert int(pool.filled) == 10


def test_then_nothing_is_lost_and_nothing_comes_twice():
    pool = FakePool((2, 2, 3), size=8, seed=1)
    answered = []
    for step in range(30):
        answered += numbers_of(pool(numbered(1 + 4 * step, 4)))
    inside = numbers_of(pool.images)
    # Those that filled the pool came back and stayed: they may come back once more.
    later = answered[8:]

    assert len(set(inside)) == 8
    assert len(set(later)) == len(later)
    assert set(later) | set(inside) == set(range(1, 121))
    assert not set(later) & set(inside)


def test_about_half_of_all_fakes_are_swapped_for_earlier_ones():
    pool = FakePool((2, 2, 3), size=50, seed=3)
    for step in range(4):
        pool(numbered(1 + 16 * step, 16))
    swapped = []
    for step in range(4, 64):
        first = 1 + 16 * step
        answer = np.array(numbers_of(pool(numbered(first, 16))))
        own = np.arange(first, first + 16)
        assert ((answer == own) | (answer < first)).all()
        swapped += (answer != own).tolist()

    # 960 throws of a coin: 480 and a standard deviation of 15.5.
    assert 400 < sum(swapped) < 560


def test_every_place_of_the_pool_is_in_play():
    pool = FakePool((2, 2, 3), size=6, seed=0)
    for step in range(40):
        pool(numbered(1 + 3 * step, 3))

    assert min(numbers_of(pool.images)) > 18


def test_the_swaps_depend_on_the_seed_only():
    def answers(seed):
        pool = FakePool((2, 2, 3), size=8, seed=seed)
        return [numbers_of(pool(numbered(1 + 8 * step, 8))) for step in range(6)]

    assert answers(0) == answers(0)
    assert answers(0) != answers(1)


def test_the_variables_are_all_there_is_to_go_on_from():
    pool, other = FakePool((2, 2, 3), size=8, seed=0), FakePool((2, 2, 3), size=8, seed=7)
    for step in range(5):
        pool(numbered(1 + 4 * step, 4))
    for variable, saved in zip(other.variables, pool.variables, strict=True):
        variable.assign(saved)

    for step in range(5, 12):
        fakes = numbered(1 + 4 * step, 4)
        assert numbers_of(other(fakes)) == numbers_of(pool(fakes))


def test_a_batch_larger_than_the_pool_is_an_error():
    with pytest.raises(ValueError, match=r"pool of 4 .* batch of 5"):
        FakePool((2, 2, 3), size=4)(numbered(1, 5))


def in_a_graph(pool):
    """Calls the pool where nothing is known of the batch's size."""
    signature = [tf.TensorSpec([None, 2, 2, 3], tf.float32)]
    return tf.function(pool, input_signature=signature)


def test_a_size_that_is_unknown_gives_what_a_known_one_gives():
    known, unknown = (FakePool((2, 2, 3), size=6, seed=1) for _ in range(2))
    run = in_a_graph(unknown)
    for step in range(12):
        fakes = numbered(1 + 4 * step, 1 + step % 4)  # Batches of 1 to 4.
        assert numbers_of(run(fakes)) == numbers_of(known(fakes))
    assert numbers_of(unknown.images) == numbers_of(known.images)


def test_a_batch_of_unknown_size_that_is_larger_than_the_pool_is_an_error():
    pool = FakePool((2, 2, 3), size=4)
    run = in_a_graph(pool)
    assert numbers_of(run(numbered(1, 4))) == [1, 2, 3, 4]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"pool of 4 .* batch of"):
        run(numbered(1, 5))


def test_a_pool_survives_its_configuration():
    pool = FakePool((2, 2, 3), size=6, seed=3)
    again = FakePool.from_config(pool.get_config())
    assert again.get_config() == pool.get_config()
    for step in range(5):
        fakes = numbered(1 + 4 * step, 4)
        assert numbers_of(again(fakes)) == numbers_of(pool(fakes))
