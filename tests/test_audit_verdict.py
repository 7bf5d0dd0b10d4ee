"""The verdict goes by the most successful attack, and never makes failure a success."""

import pytest

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.verdict import Recovered, verdicts

FLOOR = {"mean": 0.10, "low": 0.09, "high": 0.11, "count": 1000}
CHANCE = {"mean": 0.001, "low": 0.001, "high": 0.001, "count": 1000}


def figure(mean, spread=0.005):
    return {"mean": mean, "low": mean - spread, "high": mean + spread, "count": 1000}


def row(threat_model, affine_ssim, *, matched=0.001, status="worked"):
    return {
        "threat_model": threat_model.value,
        "status": status,
        "leakage": {
            "affine_ssim": figure(affine_ssim),
            "affine_ssim_floor": FLOOR,
            "reidentification": figure(matched, 0),
            "reidentification_chance": CHANCE,
        },
    }


@pytest.mark.parametrize(
    ("affine_ssim", "matched", "recovered"),
    [
        (0.10, 0.001, Recovered.NOTHING),
        (0.112, 0.001, Recovered.NOTHING),  # Its interval reaches the floor's.
        (0.15, 0.001, Recovered.TRACES),
        (0.10, 0.05, Recovered.TRACES),
        (0.28 + 1e-9, 0.001, Recovered.PARTS),  # A fifth of the way from 0.1 to 1.
        (0.10, 0.30, Recovered.PARTS),
        (0.55 + 1e-9, 0.001, Recovered.PICTURES),  # Half of the way.
        (0.10, 0.90, Recovered.PICTURES),  # Found again, whatever they look like.
    ],
)
def test_what_was_recovered_goes_by_the_way_from_nothing_to_everything(
    affine_ssim, matched, recovered
):
    model = ThreatModel.PROTECTOR
    (verdict,) = verdicts({"itn": row(model, affine_ssim, matched=matched)})

    assert verdict.recovered is recovered
    assert verdict.threat_model is model


def test_the_most_successful_attack_counts():
    model = ThreatModel.CIPHERTEXTS_ONLY
    (verdict,) = verdicts({"weak": row(model, 0.12), "strong": row(model, 0.8)})

    assert (verdict.attack, verdict.recovered) == ("strong", Recovered.PICTURES)
    assert "strong reaches an affine SSIM of 0.80 (knowing nothing 0.10)" in verdict.sentence


def test_a_failed_attack_is_no_evidence():
    model = ThreatModel.CIPHERTEXTS_ONLY
    (verdict,) = verdicts({"gan": row(model, 0.05, status="failed")})

    assert verdict.recovered is Recovered.UNKNOWN
    assert "proves nothing" in verdict.sentence


def test_attackers_come_from_weak_to_strong_and_only_those_that_tried():
    rows = {
        "itn": row(ThreatModel.PROTECTOR, 0.8),
        "helper_image": {"threat_model": "chosen plaintexts", "status": "does not apply"},
        "gan": row(ThreatModel.CIPHERTEXTS_ONLY, 0.15),
    }
    found = [verdict.threat_model for verdict in verdicts(rows)]
    assert found == [ThreatModel.CIPHERTEXTS_ONLY, ThreatModel.PROTECTOR]
