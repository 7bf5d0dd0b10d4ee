"""How often anybody can name the right picture of a crowd: proven of a protector, not measured.

The bounds hold for one protected picture, and for whoever sees it, whatever he has. All pictures
of the crowd are equally likely and of one size. Above 1 a bound says nothing, and is 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tfppdnn import writing
from tfppdnn.errors import UserError

CROWD = 1_000_000
"""How many equally likely pictures a bound is stated for."""


def crowd_bound(bits: float, crowd: int = CROWD) -> float:
    """The most often that a picture is named right which was protected by a code of few bits.

    It is 2^bits / crowd: to each protected picture an attacker has one answer, so he has at most
    2^bits answers, and of all pictures of the crowd he names no more than these.

    Args:
        bits: log2 of how many different protected pictures of one size there can be, from 0.
        crowd: How many pictures it may have been, from 1.

    Returns:
        A probability, at most 1, which is no bound.

    Raises:
        UserError: There is no such code or crowd.
    """
    _check("bits", bits, crowd)
    return 1.0 if bits >= math.log2(crowd) else 2**bits / crowd


def guessing_bound(epsilon: float, crowd: int = CROWD) -> float:
    """The most often that a picture is named right under epsilon-local differential privacy.

    It is e^epsilon / (e^epsilon + crowd - 1): each protected picture is at most e^epsilon times as
    likely from the picture that is named as from any of the crowd - 1 others. (The definition is
    that of Kasiviswanathan et al., 2011, What Can We Learn Privately?)

    Args:
        epsilon: Of the randomised protector, from 0.
        crowd: How many pictures it may have been, from 1.

    Returns:
        A probability, at most 1.

    Raises:
        UserError: There is no such epsilon or crowd.
    """
    _check("epsilon", epsilon, crowd)
    return 1 / (1 + (crowd - 1) * math.exp(-epsilon))


def noisy_code_bound(bits: float, epsilon: float, crowd: int = CROWD) -> float:
    """The most often that a picture is named right by a code of few bits that is drawn with noise.

    It is M e^epsilon / (e^epsilon + M - 1) / crowd, with M = 2^bits. Whoever sees y names the
    picture x that makes it likeliest, so he is right in sum_y max_x P(y|x) / crowd. Let m_y be
    that maximum. By the definition of epsilon, P(y|x) >= m_y e^-epsilon for every x. The
    probabilities of the x that makes a certain y likeliest add up to 1, so
    m_y + e^-epsilon (sum of the other m) <= 1. Added up over all M values of y, this bounds the
    sum of the m. The M-ary randomised response meets it.

    Args:
        bits: log2 of how many different protected pictures of one size there can be, from 0.
        epsilon: Of the randomised protector, from 0.
        crowd: How many pictures it may have been, from 1.

    Returns:
        A probability, at most 1, which is no bound.

    Raises:
        UserError: There is no such code, epsilon or crowd.
    """
    _check("bits", bits, crowd)
    _check("epsilon", epsilon, crowd)
    few, unlike = 2.0**-bits, math.exp(-epsilon)
    return min(1.0, 1 / (few + unlike - few * unlike) / crowd)


def in_words(bound: float, crowd: int) -> str:
    """A bound below 1 for a reader: the end of a sentence, without its stop."""
    # Rounded to the safe side, so that no more is claimed than is proven.
    if bound > 0.5:
        often = f"in {writing.number(math.ceil(1000 * bound) / 10, 1)}% of cases"
    elif bound > 0.1:
        often = f"1 time in {writing.number(math.floor(10 / bound) / 10, 1)}"
    else:
        often = f"1 time in {writing.count(math.floor(1 / bound))}"
    return (
        f"in a crowd of {writing.count(crowd)} equally likely pictures nobody names the right "
        f"picture more often than {often}, whatever he has"
    )


@dataclass(frozen=True)
class CodeBound:
    """What follows for everybody from how few protected pictures there can be, and from noise.

    Attributes:
        bits: log2 of how many different protected pictures of one size there can be.
        crowd: How many pictures it is stated for.
        epsilon: Of the local differential privacy of one picture; None if nothing is random.
    """

    bits: float
    crowd: int = CROWD
    epsilon: float | None = None

    @property
    def named_at_most(self) -> float:
        """The lowest bound that holds."""
        if self.epsilon is None:
            return crowd_bound(self.bits, self.crowd)
        few = noisy_code_bound(self.bits, self.epsilon, self.crowd)
        return min(few, guessing_bound(self.epsilon, self.crowd))

    @property
    def sentence(self) -> str:
        """All of it, for a reader."""
        bound, crowd = self.named_at_most, writing.count(self.crowd)
        if self.epsilon is not None:
            return (
                f"Noise is drawn for each picture (epsilon = {self.epsilon:g}): what comes out is "
                f"at most e^{self.epsilon:g} times as likely from one picture as from any other of "
                f"its size. There are at most 2^{self.bits:.4g} different protected pictures. "
                f"{'No bound on recognition follows.' if bound == 1 else _so(bound, self.crowd)} "
                "Each further picture of the same scene adds as large an epsilon."
            )
        if bound == 1:
            return (
                f"There are at most 2^{self.bits:.4g} different protected pictures of one size. "
                f"That is no bound on recognition: of {crowd} pictures each can have one of "
                "its own. What is hidden is measured, not proven."
            )
        return (
            f"There are at most {writing.count(2**self.bits)} different protected pictures of one "
            f"size. {_so(bound, self.crowd)}"
        )

    def to_dict(self) -> dict[str, float]:
        """The bound, ready for JSON."""
        private = {} if self.epsilon is None else {"epsilon": self.epsilon}
        return {
            "bits": self.bits,
            "crowd": self.crowd,
            **private,
            "named_at_most": self.named_at_most,
        }


def _so(bound: float, crowd: int) -> str:
    return f"So {in_words(bound, crowd)}."


def _check(name: str, value: float, crowd: int) -> None:
    if not value >= 0:
        raise UserError(f"{name}={value}: give a number from 0")
    if crowd < 1:
        raise UserError(f"crowd={crowd}: give a number of pictures, from 1")
