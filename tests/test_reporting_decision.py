"""What a page begins with: it follows the findings, and says no where they do."""

import pytest

from tfppdnn.attacks.threat_model import ThreatModel
from tfppdnn.audit.decision import decide_on
from tfppdnn.audit.verdict import Verdict
from tfppdnn.leakage.level import Level
from tfppdnn.reports.decision import decide
from tfppdnn.reports.names import is_a_place, spoken
from tfppdnn.reports.verdict import Finding, restored_figures, what_is_restored

DATASET = {"name": "/home/me/photos", "image_size": 32}


def finding(level):
    return level if level is None else Finding(level, "headline", "text")


@pytest.mark.parametrize(
    ("works", "seen", "restored", "headline"),
    [
        (0, 0, 0, "Worth deploying, after an audit."),
        (1, 1, 1, "Worth deploying, after an audit."),
        (0, 1, None, "Worth deploying, after an audit."),
        (0, 1, 2, "Deploy only where nobody has the app but those who may see the pictures."),
        (0, 2, 0, "Do not deploy: whoever looks sees much of the pictures."),
        (0, 3, 3, "Do not deploy: whoever looks sees the pictures."),
        (2, 0, 0, "Do not deploy: too much accuracy is lost."),
        (3, 3, 3, "Do not deploy: too much accuracy is lost."),
    ],
)
def test_a_run_s_decision(works, seen, restored, headline):
    levels = (Level(works), Level(seen), None if restored is None else Level(restored))
    decision = decide(DATASET, *map(finding, levels))
    assert decision.headline == headline
    assert ("Worth" in headline) == (decision.level < Level.MUCH)
    rows = dict(decision.rows)
    assert "photos" in rows["For"] and "/home/me" not in rows["For"]
    if "Worth" in headline:
        assert "audit" in rows["Unknown"]  # Nobody has attacked it yet.
        assert "class" in rows["Left over"]


@pytest.mark.parametrize(("works", "seen"), [(None, Level.NOTHING), (Level.NOTHING, None)])
def test_what_was_not_measured_is_not_decided(works, seen):
    assert decide(DATASET, finding(works), finding(seen), None) is None


def verdict(threat_model, level):
    return Verdict(threat_model=threat_model, recovered=level, attack=None, evidence="")


WEAK, STRONG = ThreatModel.CIPHERTEXTS_ONLY, ThreatModel.PROTECTOR


@pytest.mark.parametrize(
    ("weak", "strong", "headline", "against", "not_against", "unknown"),
    [
        (1, 1, "Deploy, if what is left over may be known.", 2, 0, 0),
        (1, 3, "Deploy only where nobody has the app but", 1, 1, 0),
        (3, 3, "Do not deploy: the pictures come back to everybody.", 0, 2, 0),
        (-1, 1, "Undecided: attacks failed, which proves nothing.", 1, 0, 1),
        (-1, -1, "Undecided: attacks failed, which proves nothing.", 0, 0, 2),
        (-1, 2, "Do not deploy: nobody was shown to be kept out.", 0, 1, 1),
    ],
)
def test_an_audit_s_decision(weak, strong, headline, against, not_against, unknown):
    found = [verdict(WEAK, Level(weak)), verdict(STRONG, Level(strong))]
    decision = decide_on(found, {"dataset": DATASET, "preset": "quick"}, {})
    assert decision.headline.startswith(headline)
    rows = dict(decision.rows)
    for word, count in (("Against", against), ("Not against", not_against), ("Unknown", unknown)):
        assert rows.get(word, "").count("whoever") + rows.get(word, "").count("Whoever") == count
    assert "quick" in rows["Left over"]
    # Not knowing is no good news.
    assert (decision.level <= Level.TRACES) == (headline.startswith("Deploy, if"))


def left_over(attacks, **protected):
    record = {"attacks": attacks, "protected": protected}
    config = {"dataset": DATASET, "preset": "quick"}
    return dict(decide_on([verdict(STRONG, Level.TRACES)], config, record).rows)["Left over"]


def share(name, mean, blind):
    """A share of 1,000, and what knowing nothing has."""
    found = {"mean": mean, "low": mean - 0.01, "high": mean + 0.01, "count": 1000}
    return {name: found, f"{name}_chance": {**found, "mean": blind}}


def test_what_attacks_got_that_make_no_pictures_is_left_over():
    guessed = share("colour", 0.5, 0.3) | share("brightness", 0.6, 0.6) | share("label", 0.9, 0.1)
    suspected = share("membership", 0.6, 0.5)
    rows = {
        "attributes": {"status": "worked", "guessed": guessed},
        "membership": {"status": "worked", "membership": suspected},
    }
    said = left_over(rows)
    assert "Guessed better than by always saying the most frequent: colour. Which" in said
    assert "Which pictures it was trained on, better than by guessing." in said
    failed = left_over({name: {**row, "status": "failed"} for name, row in rows.items()})
    assert "Guessed" not in failed and "trained on" not in failed


def test_what_becomes_the_same_again_can_be_linked_and_found_in_a_list():
    linked = "pictures can be linked, and found in a list by whoever has the app."
    assert linked in left_over({}, repeats=True)
    assert "linked" not in left_over({}, repeats=False)
    # Records of earlier versions say so by their noise.
    assert linked in left_over({}, code={"bits": 96.0})
    assert "linked" not in left_over({}, code={"bits": 96.0, "epsilon": 8.0})


def test_without_attacks_nothing_is_decided():
    assert decide_on([], {}, {}) is None


def test_things_are_named_and_not_their_folders():
    assert spoken("/home/me/photos") == "photos" and spoken("cifar10") == "cifar10"
    assert is_a_place("runs/mine") and not is_a_place("tanaka:7")


def figures(**means):
    return {
        name: {"mean": mean, "low": mean - 0.001, "high": mean + 0.001, "count": 300}
        for name, mean in means.items()
    }


def test_the_restorer_is_held_against_what_the_class_alone_tells():
    restored = figures(ssim=0.5, ssim_floor=0.3)
    assert what_is_restored({"restored_leakage": restored}).level is Level.MUCH
    # The mean picture of the class is as near: the restorer adds nothing to the class.
    with_class = {"restored_leakage": restored, "class_leakage": figures(ssim=0.6, ssim_floor=0.3)}
    found = what_is_restored(with_class)
    assert found.level is Level.NOTHING and "beyond what the class tells" in found.headline
    assert restored_figures(with_class)["ssim"].blind.mean == 0.6
    # A class that tells less than the mean picture of all is no excuse.
    with_class["class_leakage"] = figures(ssim=0.1, ssim_floor=0.3)
    assert restored_figures(with_class)["ssim"].blind.mean == 0.3
