"""Guessing what a picture is like: its colour, whether it is bright, its class."""

import json

import numpy as np
import pytest

from tfppdnn.attacks import Attack, Ciphertexts, DescribedImages, Guesses, ThreatModel
from tfppdnn.audit import AuditReport, audit
from tfppdnn.audit.verdict import verdicts
from tfppdnn.errors import UserError
from tfppdnn.leakage.attributes import attributes_of

RNG = np.random.default_rng(6)
COLOURS = np.array([[230, 30, 30], [30, 230, 30], [30, 30, 230], [128, 128, 128]], np.uint8)


def flat(*colours):
    return np.array(colours, np.uint8)[:, None, None] * np.ones((1, 8, 8, 1), np.uint8)


def some_images(count):
    """Pictures of one of four colours, with coarse grain; the class is which."""
    labels = RNG.integers(0, 4, count)
    return coarse(COLOURS[labels][:, None, None] + RNG.integers(0, 9, (count, 4, 4, 3))), labels


def coarse(tiles):
    """Pictures of 4x4 tiles, each of 8x8 pixels."""
    return np.repeat(np.repeat(tiles.astype(np.uint8), 8, axis=1), 8, axis=2)


def report_of(protector, **more):
    return audit(
        protector,
        some_images(300),
        more.pop("attacks", ["attributes", "nearest"]),
        settings={"attacker_images": 0, "held_out_images": 0},
        recogniser=lambda images: np.zeros(len(images), int),
        **more,
    )


def test_the_dominant_colour_is_the_eighth_with_most_chroma():
    red, orange, green, blue, crimson = (
        [255, 0, 0], [255, 191, 0], [0, 255, 0], [0, 0, 255], [255, 0, 42],
    )  # fmt: skip
    # 0, 45, 120, 240 and 350 of 360 degrees, in eighths of 45 about their middles.
    images = flat(red, orange, green, blue, crimson, [90, 100, 90], [90, 106, 90])
    assert attributes_of(images, range(7))["colour"].tolist() == [0, 1, 3, 5, 0, 8, 3]
    # Most pixels are a faint red; the few vivid blue ones have more colour.
    mixed = flat([140, 100, 100])
    mixed[:, :2] = blue
    assert attributes_of(mixed, [0])["colour"].tolist() == [5]


def test_bright_is_above_the_middle():
    found = attributes_of(flat([127] * 3, [128] * 3), [7, 9])
    assert found["brightness"].tolist() == [0, 1]
    assert found["label"].tolist() == [7, 9]


def test_many_pictures_are_described_one_like_the_other():
    images, _ = some_images(200)
    wanted = [attributes_of(image[None], [0])["colour"][0] for image in images]
    assert attributes_of(images, np.zeros(200))["colour"].tolist() == wanted


def moved_and_inverted(images):
    return 255 - images[:, ::-1, ::-1]


def test_what_is_only_moved_and_inverted_is_guessed_like_the_plain_picture(tmp_path):
    report = report_of(moved_and_inverted, out=tmp_path / "audit")
    row = report["attributes"]
    assert (row.status, row.threat_model) == ("worked", ThreatModel.PROTECTOR)
    assert row.figures.keys() == {"colour", "brightness", "label"}
    for figure in (row.figures["colour"], row.figures["label"]):
        assert figure.value == figure.ceiling.mean == 1
        assert figure.blind.mean < 0.5
    # In one line of the verdict, of the summary, and of the page.
    (verdict,) = report.verdicts
    assert verdict.attack == "nearest"
    assert " attributes guesses colour 100.0% (always the most frequent " in verdict.evidence
    assert "  attributes: worked (colour 100.0% (" in report.summary()
    page = (tmp_path / "audit" / "report.html").read_text()
    assert "<h3>attributes</h3>" in page and "Bright or dark" in page
    again = AuditReport.load(tmp_path / "audit")
    assert again["attributes"].figures == row.figures


@pytest.mark.slow
def test_what_is_not_there_is_not_guessed():
    def noise(images):
        return coarse(np.random.default_rng(images.sum()).integers(0, 256, (len(images), 4, 4, 3)))

    row = report_of(noise)["attributes"]
    assert row.status == "failed"
    assert "no secrecy" in row.finding
    assert row.figures["label"].ceiling.mean == 1


@pytest.mark.slow
def test_a_verdict_goes_by_pictures_alone():
    report = report_of(moved_and_inverted)
    rows = json.loads(json.dumps(dict(report.record["attacks"])))
    guessed = rows.pop("attributes")
    (with_guesses,), (without,) = report.verdicts, verdicts({**report.record, "attacks": rows})
    assert with_guesses.recovered is without.recovered
    assert with_guesses.evidence.startswith(without.evidence)
    assert verdicts({"attacks": {"attributes": guessed}}) == []


def guessing(wanted, guessed):
    """An attack of one's own that guesses always the same."""

    class Guessing(Attack[wanted, Guesses]):
        name = "guessing"
        threat_model = ThreatModel.PROTECTOR
        needs = wanted

        def run(self, data):
            return Guesses(
                attack=self.name, threat_model=self.threat_model, finding="", guesses=guessed
            )

    return Guessing()


def test_an_attack_of_ones_own_that_guesses_must_say_so():
    attack = guessing(Ciphertexts, {"label": np.zeros(3, int)})
    with pytest.raises(UserError, match="guesses attributes and needs Ciphertexts; let it"):
        report_of(moved_and_inverted, attacks=[attack])


@pytest.mark.parametrize(
    ("guessed", "said"),
    [
        ({"age": np.zeros(0, int)}, "guesses 'age'; there are "),
        ({"label": np.zeros(3, int)}, r"guesses label with shape \[3\]; give one value for each"),
    ],
)
def test_guesses_of_something_else_are_named(guessed, said):
    with pytest.raises(UserError, match=said):
        report_of(moved_and_inverted, attacks=[guessing(DescribedImages, guessed)])
