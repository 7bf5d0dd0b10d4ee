"""Which pictures are held out: a tenth, the same in any order, and no copies."""

from collections import Counter

import numpy as np
import pytest

from tfppdnn.datasets.held_out import held_out


def pictures(*counts):
    """Digests of as many different pictures, each of so many copies."""
    return [b"%d" % number for number, count in enumerate(counts) for _ in range(count)]


def parts(contents, labels, seed=0):
    chosen = held_out(contents, np.array(labels), seed=seed)
    rows = list(zip(contents, labels, strict=True))
    train, test = ([rows[i] for i in np.flatnonzero(chosen == part)] for part in (False, True))
    assert not {content for content, _ in train} & {content for content, _ in test}
    return Counter(label for _, label in train), Counter(label for _, label in test)


@pytest.mark.parametrize("seed", range(20))
def test_it_is_a_tenth_of_each_class_whatever_the_copies(seed):
    assert parts(pictures(*[1] * 60), [0] * 40 + [1] * 20, seed) == ({0: 36, 1: 18}, {0: 4, 1: 2})
    # Half of the class is one placeholder.
    _, test = parts(pictures(500, *[1] * 500), [0] * 1000, seed)
    assert test == {0: 100}


@pytest.mark.parametrize("seed", range(20))
def test_every_class_has_one_where_that_can_be(seed):
    # All have more copies than a tenth is.
    assert parts(pictures(3, 2, 3), [5] * 8, seed) == ({5: 6}, {5: 2})
    # A picture that is in two classes is tested in both or in none.
    contents, labels = [b"x", b"y", b"y", b"z"], [0, 0, 1, 1]
    train, test = parts(contents, labels, seed)
    assert train.keys() == {0, 1} == test.keys()


def test_what_would_leave_nothing_to_train_on_is_trained_on():
    assert parts(pictures(4), [0] * 4) == ({0: 4}, {})
    assert parts(pictures(1, 5), [0] + [1] * 5) == ({0: 1, 1: 5}, {})


def test_the_draw_depends_on_the_seed_and_not_on_the_order():
    contents, labels = pictures(*[1] * 30), np.repeat([0, 1], 15)
    chosen = held_out(contents, labels, seed=0)
    back = held_out(contents[::-1], labels[::-1], seed=0)
    np.testing.assert_array_equal(chosen, back[::-1])
    assert (chosen != held_out(contents, labels, seed=1)).any()
