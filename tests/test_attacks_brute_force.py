"""Brute force against numbers worked by hand."""

import math

import pytest

from tfppdnn.attacks import BruteForce, KeySpace, ThreatModel
from tfppdnn.ciphers import CIPHERS, make_cipher
from tfppdnn.errors import UserError


@pytest.mark.parametrize(
    ("bits", "rate", "tries", "years"),
    [
        (0, 1, 1, 1 / 31_557_600),  # One key: it is the first.
        (1, 1, 1.5, 1.5 / 31_557_600),  # The first or the second.
        (math.log2(48), 1e3, 24.5, 24.5 / 31_557_600_000),  # (1 + 2 + ... + 48) / 48
        (56, 1e12, 2**55, 0.0011416828),  # DES: ten hours.
        (128, 1e12, 2**127, 5.39144876e18),  # AES.
    ],
)
def test_tries_and_years_by_hand(bits, rate, tries, years):
    result = BruteForce(keys_per_second=rate).run(KeySpace(bits=bits))
    assert 10**result.log10_tries == pytest.approx(tries, rel=1e-6)
    assert 10**result.log10_years == pytest.approx(years, rel=1e-6)
    assert result.threat_model is ThreatModel.CIPHERTEXTS_ONLY


def test_a_key_space_beyond_any_float():
    # 5,719.0016 bits: 5718.0016 x 0.30103 = 1721.290; a year has 10^19.499 tries.
    cipher = make_cipher("pixel_different")
    result = BruteForce(keys_per_second=1e12).run(KeySpace.of(cipher, height=32, width=32))
    assert result.log10_tries == pytest.approx(1721.290, abs=1e-3)
    assert result.log10_years == pytest.approx(1701.791, abs=1e-3)
    assert "10^1721 tries" in result.finding
    assert "10^1702 years" in result.finding


@pytest.mark.parametrize("name", CIPHERS)
def test_every_cipher_has_a_key_space(name):
    key_space = KeySpace.of(make_cipher(name), height=32, width=32)
    assert BruteForce().run(key_space).log10_years > 0


def test_a_protector_without_a_key_has_nothing_to_guess():
    class Blur:
        def protect(self, images):
            return images

    result = BruteForce().run(KeySpace.of(Blur(), height=32, width=32))
    assert result.log10_tries is None
    assert result.log10_years is None
    assert "no key" in result.finding


@pytest.mark.parametrize("rate", [0, -1, math.inf, math.nan])
def test_a_rate_must_be_a_rate(rate):
    with pytest.raises(UserError, match="keys_per_second"):
        BruteForce(keys_per_second=rate)


@pytest.mark.parametrize("bits", [-1, math.inf, math.nan])
def test_a_key_space_must_be_a_size(bits):
    with pytest.raises(UserError, match="bits"):
        KeySpace(bits=bits)
