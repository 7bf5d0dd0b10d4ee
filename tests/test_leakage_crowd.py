"""Bounds that hold for everybody: worked by hand, and met by whoever tries every strategy."""

import itertools
import math

import pytest

from tfppdnn.errors import UserError
from tfppdnn.leakage import CodeBound, crowd_bound, guessing_bound, noisy_code_bound


@pytest.mark.parametrize(
    ("bits", "crowd", "bound"),
    [
        (0, 4, 1 / 4),  # One protected picture tells nothing: a guess.
        (1, 4, 2 / 4),
        (8, 1_000_000, 256 / 1_000_000),
        (math.log2(10), 1_000_000, 10 / 1_000_000),
        (2, 4, 1),
        (96, 1_000_000, 1),
        (20, 1_000_000, 1),  # 2^20 is 1,048,576,
        (19, 1_000_000, 0.524288),  # and 2^19 half of it.
        (5_000, 1_000_000, 1),  # 2^5000 is no float.
    ],
)
def test_a_code_bounds_as_worked_by_hand(bits, crowd, bound):
    assert crowd_bound(bits, crowd) == pytest.approx(bound)


def most_often_right(channel):
    """Tries every answer to every protected picture; channel[x][y] is how likely x becomes y."""
    crowd, protected = len(channel), len(channel[0])
    strategies = itertools.product(range(crowd), repeat=protected)
    return max(
        sum(channel[answer][y] for y, answer in enumerate(answers)) / crowd
        for answers in strategies
    )


def test_no_strategy_beats_the_bound_of_a_code_and_one_meets_it():
    best = [
        most_often_right([[float(becomes[x] == y) for y in range(2)] for x in range(4)])
        for becomes in itertools.product(range(2), repeat=4)  # Every protector of one bit.
    ]
    assert max(best) == crowd_bound(1, 4) == 0.5


def randomised_response(epsilon, crowd, k):
    """Picture x says x mod k, or each of the k - 1 other answers e^epsilon times less often."""
    others = 1 / (math.exp(epsilon) + k - 1)
    return [
        [others * (math.exp(epsilon) if y == x % k else 1) for y in range(k)] for x in range(crowd)
    ]


@pytest.mark.parametrize("epsilon", [0, 0.5, 2])
@pytest.mark.parametrize("crowd", [2, 3, 4])
def test_randomised_response_meets_the_bound_of_epsilon(epsilon, crowd):
    """The k-ary randomised response of as many answers as pictures is the worst there is."""
    bound = guessing_bound(epsilon, crowd)
    assert most_often_right(randomised_response(epsilon, crowd, crowd)) == pytest.approx(bound)
    for k in range(1, crowd):
        assert most_often_right(randomised_response(epsilon, crowd, k)) <= bound + 1e-12


@pytest.mark.parametrize("epsilon", [0, 0.5, 2])
@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_randomised_response_meets_the_bound_of_few_noisy_codes(epsilon, k):
    """As soon as there are pictures for all answers."""
    for crowd in (4, 5, 9):
        reached = most_often_right(randomised_response(epsilon, crowd, k))
        assert reached == pytest.approx(noisy_code_bound(math.log2(k), epsilon, crowd))


def test_noisy_codes_are_bounded_as_worked_by_hand():
    # Four codes, the true one with 3 / 6: whatever comes out, its picture is right in half.
    assert noisy_code_bound(2, math.log(3), 10) == pytest.approx(4 * 3 / 6 / 10)
    assert noisy_code_bound(8, 1e4, 1000) == pytest.approx(crowd_bound(8, 1000))
    assert noisy_code_bound(8, 0, 1000) == pytest.approx(1 / 1000)
    assert noisy_code_bound(5000, 700, 10) == 1


def test_epsilon_bounds_as_worked_by_hand():
    assert guessing_bound(math.log(3), 4) == pytest.approx(3 / (3 + 3))
    assert guessing_bound(0, 1_000_000) == pytest.approx(1e-6)
    assert guessing_bound(5, 1) == 1
    assert guessing_bound(10_000, 1_000_000) == 1  # e^10000 is no float.


def test_a_bound_is_said_in_words():
    assert CodeBound(8).sentence == (
        "There are at most 256 different protected pictures of one size. So in a crowd of "
        "1,000,000 equally likely pictures nobody names the right picture more often than 1 time "
        "in 3,906, whatever he has."  # 1,000,000 / 256 is 3906.25.
    )
    assert "in 52.5% of cases, " in CodeBound(19).sentence  # 524,288 of 1,000,000.
    assert "1 time in 3.8, " in CodeBound(18).sentence  # 1,000,000 / 262,144 is 3.81.
    assert "1 time in 100,000, " in CodeBound(math.log2(10)).sentence
    assert CodeBound(8).to_dict() == {"bits": 8, "crowd": 1_000_000, "named_at_most": 0.000256}


def test_where_there_is_no_bound_the_words_say_so():
    said = CodeBound(96).sentence
    assert said.startswith("There are at most 2^96 different protected pictures of one size. ")
    assert "no bound" in said and "nobody" not in said
    assert "nobody" in CodeBound(1, crowd=3).sentence and "no bound" in CodeBound(1, 2).sentence


@pytest.mark.parametrize("bound", [crowd_bound, guessing_bound])
def test_what_is_no_code_or_crowd_is_refused(bound):
    for value in (-1, math.nan):
        with pytest.raises(UserError, match="give a number from 0"):
            bound(value, 10)
    with pytest.raises(UserError, match="crowd=0: give a number of pictures"):
        bound(1, 0)
