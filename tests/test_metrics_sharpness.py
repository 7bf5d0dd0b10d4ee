"""Sharp pictures of another scene look like an answer: an audit says that they are none."""

import numpy as np
import pytest
from leakage_samples import noise_like
from scipy.ndimage import gaussian_filter
from skimage.data import chelsea

from tfppdnn.attacks.threat_model import ThreatModel
from tfppdnn.audit import pictures
from tfppdnn.audit.verdict import verdicts
from tfppdnn.leakage import judge_reconstructions, sharpness

PLAIN = np.stack(
    [
        chelsea()[y : y + 32, x : x + 32]
        for y, x in np.random.default_rng(0).integers(0, 260, (60, 2))
    ]
)


def others(images):
    """The next picture, turned: as sharp, and nothing of it is where it was."""
    return np.roll(images, 1, axis=0)[:, ::-1, ::-1].copy()


def blurred(images, width):
    return gaussian_filter(images * 1.0, (0, width, width, 0))


def faint_noise(images, share=1.0):
    """Noise whose neighbouring pixels differ as much as those of the plain images, or so."""
    noise = np.random.default_rng(0).normal(128, 1, images.shape)
    scale = share * sharpness(images).mean() / (2 / np.sqrt(np.pi))
    return np.rint(128 + scale * (noise - 128)).clip(0, 255).astype(np.uint8)


def matched(images):
    """Its own large surfaces under another's details: nothing but matching tells whose it is."""
    details = others(images) - blurred(others(images), 8)
    return np.rint(np.clip(blurred(images, 8) + details, 0, 255)).astype(np.uint8)


def outlined(images):
    """Two of its quarters are inverted: its outlines are all there, and little else is."""
    rows, columns = np.indices((32, 32)) // 16
    return np.where(((rows + columns) % 2 == 1)[..., None], 255 - images, images)


def judged(images):
    return judge_reconstructions(images, PLAIN, PLAIN)


def test_the_differences_of_neighbours_by_hand():
    image = np.zeros((1, 2, 3, 3), np.uint8)
    image[0, 0] = [[9], [0], [3]]
    # Across 9, 3, 0 and 0, down 9, 0 and 3.
    np.testing.assert_allclose(sharpness(image), [(12 / 4 + 12 / 3) / 2])
    image[0, 0] = [[250], [255], [0]]  # No difference is above 255 or below 0.
    np.testing.assert_allclose(sharpness(image), [(260 / 4 + 505 / 3) / 2])
    many = np.concatenate([image, image[:, ::-1], image] * 100)
    np.testing.assert_allclose(sharpness(many), sharpness(image)[0])


def test_a_blur_is_less_sharp_and_noise_is_sharper():
    assert sharpness(blurred(PLAIN, 2).astype(np.uint8)).mean() < 0.5 * sharpness(PLAIN).mean()
    assert sharpness(noise_like(PLAIN)).mean() > 1.5 * sharpness(PLAIN).mean()


@pytest.mark.parametrize("share", [0.6, 1.0, 1.45])
def test_faint_noise_is_told_from_sharp_pictures_at_half_the_size(share):
    noise = faint_noise(PLAIN, share)
    assert sharpness(noise).mean() == pytest.approx(share * sharpness(PLAIN).mean(), rel=0.03)
    odd = judge_reconstructions(*(images[:, :31, :29] for images in (noise, PLAIN, PLAIN)))
    assert 0.5 < odd.sharpness < 1.5 and not odd.sharp_but_other


def test_sharp_pictures_of_another_scene_are_called_that():
    found = judged(others(PLAIN))
    assert found.sharp_but_other and found.sharpness == pytest.approx(1, abs=0.05)
    assert "sharp, and of another picture: 0.0% matched of 60, by chance 1.7%" in (found.sentence)
    some = others(PLAIN)
    some[:6] = PLAIN[:6]
    assert "sharp, and most are of another picture: 10.0% matched of 60" in judged(some).sentence


@pytest.mark.parametrize(
    "change",
    [
        np.copy,
        lambda images: 255 - images,
        matched,
        outlined,
        noise_like,
        faint_noise,
        lambda images: blurred(others(images), 3).astype(np.uint8),
        lambda images: np.full_like(images, 90),
    ],
    ids=[
        *("plain", "negative", "matched", "outlined"),
        *("noise", "faint noise", "blurred", "one picture"),
    ],
)
def test_what_shows_the_picture_or_is_not_sharp_is_not(change):
    found = judged(change(PLAIN))
    assert not found.sharp_but_other and "another picture" not in found.sentence


def test_the_verdict_and_the_picture_say_so(monkeypatch):
    figures = {
        "affine_ssim": {"mean": 0.1, "low": 0.1, "high": 0.1, "count": 24},
        "reidentification": {"mean": 0.1, "low": 0.01, "high": 0.2, "count": 24},
    }
    rows = {
        name: {
            "threat_model": ThreatModel.PROTECTOR.value,
            "status": status,
            "leakage": figures,
            "sharp_but_other": other,
        }
        for name, status, other in (
            ("draws", "worked", True),
            ("blurs", "worked", False),
            ("fails", "failed", True),
        )
    }
    (verdict,) = verdicts({"attacks": rows})
    assert "Sharp, and of another picture: what draws, fails made." in verdict.evidence
    drawn = {}
    monkeypatch.setattr(pictures, "montage", lambda images, columns: drawn.update(images) or PLAIN)
    monkeypatch.setattr(pictures, "png", bytes)
    pictures.draw_pictures({"attacks": rows}, dict.fromkeys(rows, PLAIN))
    assert drawn.keys() == {
        "draws (worked, but of another picture)",
        "blurs (worked)",
        "fails (failed, and of another picture)",
    }
