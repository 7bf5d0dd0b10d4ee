"""The verdict goes by the most successful attack, and never makes failure a success."""

import pytest

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.audit.verdict import verdicts as verdicts_of
from tfppdnn.leakage.level import Level

FLOOR = {"mean": 0.10, "low": 0.09, "high": 0.11, "count": 1000}
CHANCE = {"mean": 0.001, "low": 0.001, "high": 0.001, "count": 1000}


def figure(mean, spread=0.005):
    return {"mean": mean, "low": mean - spread, "high": mean + spread, "count": 1000}


def row(threat_model, affine_ssim, *, matched=0.001, outlines=0.02, status="worked"):
    return {
        "threat_model": threat_model.value,
        "status": status,
        "leakage": {
            "affine_ssim": figure(affine_ssim),
            "affine_ssim_floor": FLOOR,
            "orientation_agreement": figure(outlines),
            "orientation_agreement_chance": figure(0.02),
            "reidentification": figure(matched, 0),
            "reidentification_chance": CHANCE,
        },
    }


def verdicts(rows, sent=None):
    """Of attacks, and of what is sent where that shows anything."""
    return verdicts_of({"attacks": rows, "protected": {"leakage": sent or {}}})


@pytest.mark.parametrize(
    ("affine_ssim", "matched", "recovered"),
    [
        (0.10, 0.001, Level.TRACES),  # It worked: by PSNR, if by nothing else.
        (0.15, 0.001, Level.TRACES),
        (0.10, 0.05, Level.TRACES),
        (0.28 + 1e-9, 0.001, Level.MUCH),  # A fifth of the way from 0.1 to 1.
        (0.10, 0.30, Level.MUCH),
        (0.55 + 1e-9, 0.001, Level.PICTURES),  # Half of the way.
        (0.10, 0.90, Level.PICTURES),  # Found again, whatever they look like.
    ],
)
def test_what_was_recovered_goes_by_the_way_from_nothing_to_everything(
    affine_ssim, matched, recovered
):
    model = ThreatModel.PROTECTOR
    (verdict,) = verdicts({"itn": row(model, affine_ssim, matched=matched)})

    assert verdict.recovered is recovered
    assert verdict.threat_model is model


def test_the_better_of_two_ways_to_match_counts_where_both_were_tried():
    model = ThreatModel.PROTECTOR
    faint = row(model, 0.10)
    faint["leakage"] |= {
        "cosine_reidentification": figure(0.3),
        "cosine_reidentification_chance": CHANCE,
    }
    (verdict,) = verdicts({"itn": faint})

    assert verdict.recovered is Level.MUCH
    assert "matches 30.0% of 1,000 pictures" in verdict.sentence


def test_the_most_successful_attack_counts():
    model = ThreatModel.CIPHERTEXTS_ONLY
    (verdict,) = verdicts({"weak": row(model, 0.12), "strong": row(model, 0.8)})

    assert (verdict.attack, verdict.recovered) == ("strong", Level.PICTURES)
    assert "strong reaches an affine SSIM of 0.80 (knowing nothing 0.10)" in verdict.sentence


def test_the_attack_that_gets_most_is_named_and_the_one_that_matches_most_beside_it():
    model = ThreatModel.PROTECTOR
    rows = {
        "itn": row(model, 0.2, matched=0.011),
        "nearest_mean": row(model, 0.15, outlines=0.21, matched=0.0),
        "nearest": row(model, 0.1, matched=0.055),
    }
    (verdict,) = verdicts(rows)

    # 0.19 of the way by outlines, where 0.1 from 0.1 to 1 is 0.11.
    assert verdict.attack == "nearest_mean"
    assert "; nearest matches 5.5% of 1,000 pictures (at random 0.1%)." in verdict.sentence


def test_outlines_in_other_colours_are_pictures_that_come_back():
    model = ThreatModel.CIPHERTEXTS_ONLY
    (verdict,) = verdicts({"gan": row(model, 0.10, matched=0.0, outlines=0.87)})

    assert verdict.recovered is Level.PICTURES
    assert "an agreement of edges of 0.87 (knowing nothing 0.02)" in verdict.sentence


def test_who_has_more_can_make_the_attacks_of_who_has_less():
    rows = {
        "gan": row(ThreatModel.CIPHERTEXTS_ONLY, 0.8),
        "itn": row(ThreatModel.PROTECTOR, 0.15),
    }
    found = [(verdict.attack, verdict.recovered) for verdict in verdicts(rows)]
    assert found == [("gan", Level.PICTURES)] * 2


def test_a_failed_attack_is_named_beside_one_that_worked():
    model = ThreatModel.CIPHERTEXTS_ONLY
    rows = {"gan": row(model, 0.05, status="failed"), "uwa": row(model, 0.15)}
    (verdict,) = verdicts(rows)

    assert (verdict.attack, verdict.recovered) == ("uwa", Level.TRACES)
    assert verdict.sentence.endswith("Failed, which proves nothing: gan.")


def test_a_failed_attack_is_no_evidence():
    model = ThreatModel.CIPHERTEXTS_ONLY
    (verdict,) = verdicts({"gan": row(model, 0.05, status="failed")})

    assert verdict.recovered is Level.UNKNOWN
    assert "proves nothing" in verdict.sentence


def test_attackers_come_from_weak_to_strong_and_only_those_that_tried():
    rows = {
        "itn": row(ThreatModel.PROTECTOR, 0.8),
        "chosen_plaintext_tanaka": {
            "threat_model": "chosen plaintexts",
            "status": "does not apply",
        },
        "gan": row(ThreatModel.CIPHERTEXTS_ONLY, 0.15),
    }
    found = [verdict.threat_model for verdict in verdicts(rows)]
    assert found == [ThreatModel.CIPHERTEXTS_ONLY, ThreatModel.PROTECTOR]


def sent(affine_ssim, **more):
    """The figures of protected pictures as they stand."""
    return row(ThreatModel.CIPHERTEXTS_ONLY, affine_ssim, **more)["leakage"]


@pytest.mark.parametrize("status", ["failed", "worked"])
def test_nobody_gets_less_than_what_is_sent_shows(status):
    rows = {
        "gan": row(ThreatModel.CIPHERTEXTS_ONLY, 0.12, status=status),
        "itn": row(ThreatModel.PROTECTOR, 0.12, status=status),
    }
    found = verdicts(rows, sent(0.66, matched=0.983, outlines=0.02))

    assert [one.recovered for one in found] == [Level.PICTURES] * 2
    assert [one.attack for one in found] == [None] * 2
    for one in found:
        assert one.sentence.startswith(
            "The pictures come back: what is sent itself has an affine SSIM of 0.66 (knowing "
            "nothing 0.10), and 98.3% of 1,000 pictures matched (at random 0.1%). Beside that, "
        )
        assert "gan" in one.sentence or "every attack failed" in one.sentence


def test_what_is_sent_has_a_verdict_without_an_attack_if_it_shows_much():
    rows = {"itn": row(ThreatModel.PROTECTOR, 0.8)}
    found = verdicts(rows, sent(0.1, matched=0.3))
    assert [(one.threat_model, one.recovered) for one in found] == [
        (ThreatModel.CIPHERTEXTS_ONLY, Level.MUCH),
        (ThreatModel.PROTECTOR, Level.PICTURES),
    ]
    # Who gets more by an attack is not told of what is sent.
    assert found[1].attack == "itn" and "sent" not in found[1].evidence
    assert found[0].evidence == (
        "what is sent itself has 30.0% of 1,000 pictures matched (at random 0.1%)."
    )
    (alone,) = verdicts(rows, sent(0.15))
    assert alone.threat_model is ThreatModel.PROTECTOR


def test_traces_in_what_is_sent_make_no_success_of_failure():
    model = ThreatModel.CIPHERTEXTS_ONLY
    failed, worked = {"gan": row(model, 0.05, status="failed")}, {"gan": row(model, 0.3)}
    told = "What is sent itself shows traces of the pictures: an affine SSIM of 0.15 (knowing "
    for rows, level in ((failed, Level.UNKNOWN), (worked, Level.MUCH)):
        (one,) = verdicts(rows, sent(0.15))
        assert one.recovered is level and told in one.evidence
        # Where nothing shows, nothing is said.
        assert "sent" not in verdicts(rows, sent(0.1))[0].evidence
