"""Whether a picture was in a protector's training: told of one that remembers, and of no other."""

import json
from functools import partial
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from tfppdnn.attacks import MembershipAttack, Suspects, ThreatModel
from tfppdnn.audit import AuditReport, audit
from tfppdnn.datasets.load import load_dataset
from tfppdnn.errors import UserError
from tfppdnn.leakage import membership
from tfppdnn.leakage.members import in_words
from tfppdnn.models.before_rounding import before_rounding
from tfppdnn.models.code import RoundToLevels
from tfppdnn.models.eight_bit import run_on_images
from tfppdnn.protector import Protector

RNG = np.random.default_rng(8)


def coarse(tiles):
    """Pictures of 4x4 tiles, each of 8x8 pixels."""
    return np.repeat(np.repeat(tiles.astype(np.uint8), 8, axis=1), 8, axis=2)


def some_images(count):
    return coarse(RNG.integers(0, 256, (count, 4, 4, 3))), RNG.integers(0, 3, count)


@pytest.fixture(scope="module")
def dataset():
    return load_dataset((some_images(240), some_images(240)))


class Honest:
    """A negative: it treats all pictures alike."""

    def __init__(self, dataset=None):
        if dataset is not None:
            self.trained_on = dataset.summary()

    def protect(self, images):
        return 255 - images


class Remembers(Honest):
    """Draws a white tile on what it was trained on, and a black one on what it was not."""

    def __init__(self, dataset):
        super().__init__(dataset)
        self._known = {image.tobytes() for image in dataset.train_images}

    def protect(self, images):
        made = super().protect(images)
        known = [image.tobytes() in self._known for image in images]
        made[:, :8, :8] = np.where(known, 255, 0)[:, None, None, None]
        return made


def report_of(protector, dataset, **more):
    return audit(
        protector,
        dataset,
        ["membership", "nearest"],
        settings={"attacker_images": 0, "held_out_images": 0},
        recogniser=lambda images: np.zeros(len(images), int),
        **more,
    )


@pytest.mark.slow
def test_what_remembers_its_pictures_is_found_out(dataset, tmp_path):
    report = report_of(Remembers(dataset), dataset, out=tmp_path / "audit")
    row = report["membership"]
    assert (row.status, row.threat_model) == ("worked", ThreatModel.PROTECTOR)
    # As many of either kind were told to the attacker as he was tried on, and none is both.
    assert row.figures["membership"].count == 240
    assert row.figures["membership"].value > 0.9 > 0.5 == row.figures["membership"].blind.mean
    assert row.figures["membership_area"].low > 0.9
    # What it sends shows much by itself, to everybody.
    *_, verdict = report.verdicts
    assert " membership tells which pictures it was trained on: " in verdict.evidence
    assert in_words(row.figures) in verdict.evidence
    assert "  membership: worked (in its training " in report.summary()
    page = (tmp_path / "audit" / "report.html").read_text()
    assert "<h3>membership</h3>" in page and "In its training, by rank" in page
    assert AuditReport.load(tmp_path / "audit")["membership"].figures == row.figures


@pytest.mark.slow
def test_of_what_treats_all_pictures_alike_nothing_is_told(dataset):
    report = report_of(Honest(dataset), dataset)
    row = report["membership"]
    assert row.status == "failed" and "no secrecy" in row.finding
    assert row.figures["membership"].low < 0.5 < row.figures["membership"].high
    assert "membership" not in report.verdicts[0].evidence


@pytest.mark.parametrize("told", [None, {"name": "cifar10"}])
def test_without_its_own_pictures_there_is_nothing_to_tell(dataset, told):
    protector = Remembers(dataset)
    protector.trained_on = told
    report = report_of(protector, dataset)
    assert report["membership"].status == "does not apply"
    assert "audit it on the one that it was trained on" in report["membership"].finding
    assert not report["membership"].figures


@pytest.mark.slow
def test_the_same_pictures_at_another_size_are_the_same_pictures(dataset):
    protector = Remembers(dataset)
    protector.trained_on = {**protector.trained_on, "image_size": 64}
    assert report_of(protector, dataset)["membership"].status == "worked"


def network_with_a_code():
    """Says of a picture how bright its first pixel is, far more finely than its code does."""
    pictures = keras.Input((8, 8, 3))
    numbers = keras.layers.Rescaling(0.1)(keras.layers.Cropping2D(((0, 7), (0, 7)))(pictures))
    code = RoundToLevels(2)(keras.layers.Flatten()(numbers))
    drawn = keras.layers.Rescaling(0.5, 0.5)(keras.layers.Reshape((1, 1, 3))(code))
    return keras.Model(pictures, keras.layers.UpSampling2D(8)(drawn))


def test_the_numbers_before_rounding_tell_what_the_code_does_not():
    network = network_with_a_code()
    inside = RNG.integers(100, 120, (200, 8, 8, 3), np.uint8)
    outside = RNG.integers(140, 160, (200, 8, 8, 3), np.uint8)
    protect = partial(run_on_images, network)
    assert len(np.unique(protect(np.concatenate([inside, outside])))) == 1

    numbers = before_rounding(network)
    np.testing.assert_allclose(numbers(inside), np.tanh(inside[:, 0, 0] / 255 * 0.1), rtol=1e-5)

    def right(numbers):
        both = [np.concatenate([inside[half], outside[half]]) for half in np.s_[:100, 100:]]
        was_in = np.repeat([True, False], 100)
        data = Suspects(
            targets=protect(both[1]),
            protector=SimpleNamespace(protect=protect),
            plain=both[0],
            labels=np.zeros(200, int),
            was_in=was_in,
            suspects=both[1],
            suspect_labels=np.zeros(200, int),
            numbers=numbers,
        )
        found = MembershipAttack().run(data)
        return membership(found.scores, was_in)["membership"].value

    assert right(numbers) == 1
    assert right(None) == 0.5
    assert before_rounding(keras.Sequential([keras.Input((8, 8, 3))])) is None
    assert before_rounding(None) is None


def test_the_figures_against_references():
    was_in = RNG.random(400) < 0.5
    scores = np.round(np.clip(RNG.normal(0.45 + 0.1 * was_in, 0.2), 0, 1), 2)  # Some are equal.
    found = membership(scores, was_in)
    assert found["membership"].value == ((scores > 0.5) == was_in).mean()
    area = found["membership_area"]
    assert area.value == pytest.approx(roc_auc_score(was_in, scores))
    # DeLong's variance, of all pairs.
    inside, outside = scores[was_in][:, None], scores[~was_in][None]
    wins = (inside > outside) + (inside == outside) / 2
    variance = wins.mean(1).var(ddof=1) / len(wins) + wins.mean(0).var(ddof=1) / wins.shape[1]
    assert area.high - area.low == pytest.approx(2 * 1.959964 * np.sqrt(variance))


def test_few_suspicions_say_little_and_those_of_one_kind_nothing():
    found = membership([0.9, 0.1], [True, False])["membership_area"]
    assert (found.value, found.low, found.high) == (1, 0, 1)
    for scores, was_in in (([0.1, 0.9], [True, True]), ([0.1, 0.9], [True])):
        with pytest.raises(UserError, match="pictures that were in and pictures that were not"):
            membership(scores, was_in)


def test_who_ships_and_who_ran_says_what_it_was_trained_on(tmp_path):
    assert Protector.named("cifar10").trained_on["train_images"] == 50_000
    assert Protector.named("photos").trained_on["name"] == "tiny_imagenet100"
    assert Protector.named("tanaka").trained_on is None
    told = {"name": "digits", "version": "1"}
    (tmp_path / "config.json").write_text(json.dumps({"dataset": told}))
    assert Protector.named(tmp_path).trained_on == told
