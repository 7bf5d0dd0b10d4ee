"""An audit runs attacks, tries failed ones again, keeps what it has, and never flatters."""

import dataclasses
from collections import Counter
from typing import ClassVar

import numpy as np
import pytest

from tfppdnn.attacks.attack import ThreatModel
from tfppdnn.attacks.brute_force import BruteForce
from tfppdnn.attacks.data import Ciphertexts, OwnKeyPairs
from tfppdnn.attacks.learned import LearnedAttack
from tfppdnn.attacks.result import Reconstruction
from tfppdnn.audit.auditor import make_attacks
from tfppdnn.audit.evidence import Evidence
from tfppdnn.audit.examiner import Examiner
from tfppdnn.audit.folder import reconstructions_path
from tfppdnn.audit.material import Material
from tfppdnn.audit.plan import PlannedAttack
from tfppdnn.audit.verdict import recovered_by, verdicts
from tfppdnn.datasets.dataset import ImageDataset
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import DivergedError, UserError
from tfppdnn.leakage.baseline import OUTLINES
from tfppdnn.leakage.level import Level
from tfppdnn.protector import Protector
from tfppdnn.run_folder import RunFolder

DIGITS = load_digits()
MATERIAL = Material.of(DIGITS, attacker_images=100, held_out_images=24)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Scripted(LearnedAttack[Ciphertexts]):
    """Gives the picture that its seed stands for, and remembers what it was asked."""

    threat_model = ThreatModel.CIPHERTEXTS_ONLY
    needs = Ciphertexts
    asked: ClassVar[list]
    pictures: tuple
    strength: float = 1.0

    def run(self, data, *, checkpoints=None):
        self.asked.append((self.seed, checkpoints))
        begun = (checkpoints / "state").exists()
        (checkpoints / "state").parent.mkdir(parents=True, exist_ok=True)
        (checkpoints / "state").write_text("half-way")
        images = {
            "collapsed": np.full_like(data.targets, 90),
            "plain": data.targets,
            "negative": 255 - data.targets,
            "noisy negative": _noisy_negative(data.targets),
            "another's": _of_another(data.targets),
            "stopped once": data.targets if begun else None,
            "diverged": None,
        }[self.pictures[self.seed]]
        if self.pictures[self.seed] == "diverged":
            raise DivergedError("the loss is no longer a finite number; use a lower rate")
        if images is None:
            raise KeyboardInterrupt
        return Reconstruction(
            attack=self.name,
            threat_model=self.threat_model,
            finding="It was scripted.",
            images=images,
        )


def _noisy_negative(images):
    noise = np.random.default_rng(0).normal(0, 80, images.shape)
    return np.clip(255 - images + noise, 0, 255).astype(np.uint8)


def _of_another(images):
    """The mean picture, with a little of its own and more of another one."""
    mean = images.mean(axis=0)
    strange = 0.3 * (np.roll(images.astype(float), 1, axis=0) - mean)
    return np.round(mean + strange + 0.15 * (images - mean)).clip(0, 255).astype(np.uint8)


def scripted(*pictures, name="scripted", source=None, **settings):
    """Plans an attack with a picture for each attempt; what it is asked is listed."""
    attack = type("Own", (Scripted,), {"name": name, "asked": []})
    attempts = [attack(pictures=pictures, seed=seed, **settings) for seed in range(len(pictures))]
    return PlannedAttack(attempts=attempts, source=source), attack.asked


def recognise(images):
    """Names the digit whose mean picture is nearest."""
    means = np.stack(
        [DIGITS.train_images[DIGITS.train_labels == k].mean(axis=0) for k in range(10)]
    )
    distances = ((images[:, None].astype(float) - means[None]) ** 2).sum(axis=(2, 3, 4))
    return distances.argmin(axis=1)


def evidence_of(protector="plain"):
    """What attackers have of a protector; of `plain` the targets are the plain images."""
    return Evidence(Protector.of(protector), MATERIAL, recogniser=lambda: recognise)


def rows_of(tmp_path, *plans, protector="plain"):
    run = RunFolder(tmp_path, record="audit.json")
    make_attacks(run, plans, evidence_of(protector), Examiner(MATERIAL, recognise))
    return run, run.metrics()["attacks"]


def test_an_attack_that_gives_the_plain_pictures_back_scores_the_ceiling(tmp_path):
    plan, asked = scripted("plain", "collapsed")
    _, rows = rows_of(tmp_path, plan)

    figures = rows["scripted"]["leakage"]
    assert rows["scripted"]["status"] == "worked"
    assert len(asked) == 1  # What worked is not tried again.
    assert figures["ssim"]["mean"] == pytest.approx(1)
    assert figures["reidentification"]["mean"] == 1
    assert figures["recognition"] == figures["recognition_ceiling"]
    assert figures["recognition"]["mean"] > 0.7 > figures["recognition_chance"]["mean"]


def test_a_collapsed_attack_is_tried_again_and_the_try_that_works_counts(tmp_path):
    plan, asked = scripted("collapsed", "collapsed", "negative")
    _, rows = rows_of(tmp_path, plan)

    row = rows["scripted"]
    assert [seed for seed, _ in asked] == [0, 1, 2]
    assert row["status"] == "worked"
    assert [attempt["status"] for attempt in row["attempts"]] == ["collapsed", "collapsed", "works"]
    # A negative hides nothing, whatever the SSIM says.
    assert row["leakage"]["ssim"]["mean"] < row["leakage"]["ssim_floor"]["mean"]
    assert row["leakage"]["affine_ssim"]["mean"] > 0.99


def test_an_attempt_that_diverges_is_tried_again(tmp_path, capsys):
    _, rows = rows_of(tmp_path, scripted("diverged", "plain")[0])
    row = rows["scripted"]
    assert row["status"] == "worked"
    assert [attempt["status"] for attempt in row["attempts"]] == ["diverged", "works"]
    assert "audit: scripted, attempt 1: the loss is no longer" in capsys.readouterr().err


def test_an_attack_that_always_diverges_has_failed_and_the_next_one_is_made(tmp_path):
    plans = scripted("diverged", "diverged", name="wild")[0], scripted("plain", name="tame")[0]
    _, rows = rows_of(tmp_path, *plans)
    assert rows["wild"]["status"] == "failed"
    assert "diverged at every attempt" in rows["wild"]["finding"]
    assert "leakage" not in rows["wild"]
    assert rows["tame"]["status"] == "worked"
    (verdict,) = verdicts({"attacks": rows})
    assert (verdict.attack, verdict.recovered) == ("tame", Level.PICTURES)
    assert verdict.evidence.endswith("Failed, which proves nothing: wild.")
    (verdict,) = verdicts({"attacks": {"wild": rows["wild"]}})
    assert (verdict.attack, verdict.recovered) == (None, Level.UNKNOWN)


def test_of_two_tries_that_work_that_counts_which_shows_more(tmp_path):
    """Even if it is a negative, which SSIM takes for worse than nothing."""
    run, rows = rows_of(tmp_path, scripted("noisy negative", "another's")[0])
    row = rows["scripted"]
    assert [attempt["status"] for attempt in row["attempts"]] == ["works", "works"]
    kept = np.load(reconstructions_path(run, "scripted"))["images"]
    expected = _noisy_negative(MATERIAL.held_out)[: len(kept)]
    np.testing.assert_array_equal(kept, expected)
    assert recovered_by(row) is Level.PICTURES


def test_whom_an_attacker_is_tried_on_lie_in_another_order_than_whom_he_knows():
    known, suspects = MATERIAL.by_membership
    assert known.was_in.sum() == suspects.was_in.sum() == len(known.was_in) // 2
    assert (known.was_in != suspects.was_in).any()


def test_plain_images_are_measured_once_an_audit_and_reconstructions_once(tmp_path, monkeypatch):
    drawn = []
    for outlines in OUTLINES.values():

        def draw(images, name=outlines.draw.__name__, draw=outlines.draw):
            drawn.extend((name, image.tobytes()) for image in images)
            return draw(images)

        monkeypatch.setitem(outlines.__dict__, "draw", draw)
    asked = []

    def recognise_and_note(images):
        asked.append(images)
        return recognise(images)

    first, _ = scripted("collapsed", "negative")
    second, _ = scripted("negative", name="second")
    run = RunFolder(tmp_path, record="audit.json")
    make_attacks(run, [first, second], evidence_of(), Examiner(MATERIAL, recognise_and_note))

    assert run.metrics()["attacks"].keys() == {"scripted", "second"}
    # The plain images, and what each attack gave in the end.
    assert len(asked) == 3
    assert sum(np.array_equal(images, MATERIAL.held_out) for images in asked) == 1
    # Each attack's negatives once a measure, though they were judged and recorded.
    negative = (255 - MATERIAL.held_out[0]).tobytes()
    times = Counter(name for name, image in drawn if image == negative)
    assert times == {"_contours": 2, "_orientations": 2}


def test_an_attack_that_never_works_is_called_failed_and_says_that_this_proves_nothing(tmp_path):
    plan, _ = scripted("collapsed", "collapsed")
    _, rows = rows_of(tmp_path, plan)

    assert rows["scripted"]["status"] == "failed"
    assert "no secrecy" in rows["scripted"]["finding"]


def test_an_interrupted_audit_goes_on_with_the_attack_it_was_in(tmp_path):
    finished, asked_before = scripted("plain")
    stopped, _ = scripted("stopped once", name="second")
    with pytest.raises(KeyboardInterrupt):
        rows_of(tmp_path, finished, stopped)
    run = RunFolder(tmp_path, record="audit.json")
    assert (run.checkpoints("second-1") / "state").exists()

    resumed, asked = scripted("stopped once", name="second")
    run, rows = rows_of(tmp_path, finished, resumed)

    assert len(asked_before) == 1
    assert asked == [(0, run.checkpoints("second-1"))]
    assert rows.keys() == {"scripted", "second"}
    assert not run.checkpoints("second-1").exists()  # Nobody needs it any more.

    # Killed before it was deleted: the next audit does.
    (run.checkpoints("second-1") / "state").parent.mkdir()
    rows_of(tmp_path, finished, resumed)
    assert len(asked) == 1
    assert not run.checkpoints("second-1").exists()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ({"strength": 0.5}, "strength: 1.0, now it is 0.5"),
        ({"source": "mine.py:Own 1234"}, "attack: None, now it is mine.py:Own 1234"),
    ],
)
def test_an_attack_does_not_go_on_from_what_another_has_learnt(tmp_path, other, said):
    stopped, _ = scripted("stopped once")
    with pytest.raises(KeyboardInterrupt):
        rows_of(tmp_path, stopped)
    resumed, asked = scripted("stopped once", **other)
    with pytest.raises(UserError) as refused:
        rows_of(tmp_path, resumed)
    assert f"scripted-1 in {tmp_path} was begun with {said}; give another --out" in str(
        refused.value
    )
    assert asked == []
    assert RunFolder(tmp_path, record="audit.json").metrics() == {}


def test_some_reconstructions_are_kept_for_pictures(tmp_path):
    plan, _ = scripted("plain")
    run, _ = rows_of(tmp_path, plan)

    with np.load(reconstructions_path(run, "scripted")) as file:
        np.testing.assert_array_equal(file["images"], MATERIAL.held_out[:16])


def test_an_attack_without_its_data_does_not_apply_and_says_why(tmp_path):
    plan, asked = scripted("plain")
    type(plan.attempts[0]).needs = OwnKeyPairs
    _, rows = rows_of(tmp_path, plan)

    assert rows["scripted"]["status"] == "does not apply"
    assert "has no key that an attacker could replace by his own" in rows["scripted"]["finding"]
    assert asked == []


def test_brute_force_has_a_cost_and_no_pictures(tmp_path):
    class Keyed:
        def protect(self, images):
            return 255 - images

        def key_space_bits(self, height, width):
            return 500

    _, rows = rows_of(tmp_path, PlannedAttack(attempts=[BruteForce()]), protector=Keyed())

    # 2^499 / 1e12 / 31557600 s: log10 = 499 * 0.30103 - 12 - 7.4991.
    assert rows["brute_force"]["log10_years"] == pytest.approx(130.714, abs=0.01)
    assert rows["brute_force"]["status"] == "counted"
    assert "leakage" not in rows["brute_force"]


def test_attackers_and_held_out_images_are_of_different_splits():
    train = {image.tobytes() for image in DIGITS.train_images}
    test = {image.tobytes() for image in DIGITS.test_images}

    assert {image.tobytes() for image in MATERIAL.attackers} <= train
    assert {image.tobytes() for image in MATERIAL.held_out} <= test
    assert len(MATERIAL.first_half) == len(MATERIAL.second_half) == 50
    # A sorted data set must not give one half the first classes and the other the last.
    order = np.argsort(DIGITS.train_labels, kind="stable")
    by_class = dataclasses.replace(
        DIGITS, train_images=DIGITS.train_images[order], train_labels=DIGITS.train_labels[order]
    )
    halves = Material.of(by_class)
    classes = [
        {int(recognise(image[None])[0]) for image in half[:60]}
        for half in (halves.first_half, halves.second_half)
    ]
    assert all(len(found) >= 8 for found in classes)


@pytest.mark.parametrize(
    ("asked", "option"),
    [
        ({"attacker_images": 2000}, "lower --attacker_images"),
        ({"held_out_images": 301}, "lower --held_out_images"),
    ],
)
def test_a_data_set_too_small_for_the_split_is_refused_in_one_line(asked, option):
    with pytest.raises(UserError, match=option) as refused:
        Material.of(DIGITS, **asked)
    assert "\n" not in str(refused.value)
    assert "--dataset=digits" in str(refused.value)


def test_a_tiny_data_set_is_refused_too():
    few = ImageDataset(
        "few", "1", DIGITS.train_images[:7], DIGITS.train_labels[:7],
        DIGITS.test_images[:5], DIGITS.test_labels[:5], DIGITS.class_names,
    )  # fmt: skip
    with pytest.raises(UserError, match="7 training images are too few"):
        Material.of(few)
