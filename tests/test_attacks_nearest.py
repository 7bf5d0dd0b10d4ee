"""Looking protected images up: no training, and no image that the attacker does not have."""

import numpy as np
import pytest

from tfppdnn.attacks import NearestAttack, NearestMeanAttack, OwnedProtector, ThreatModel
from tfppdnn.attacks.nearest import nearest
from tfppdnn.errors import UserError

RNG = np.random.default_rng(5)


class Upended:
    """Keeps little, at another place: the mean of the image, and its lowest row."""

    def protect(self, images):
        images = images.copy()
        images[:, 1:] = images.mean(axis=(1, 2, 3), keepdims=True)
        return images[:, ::-1]


def plain_images(count):
    return RNG.integers(0, 256, (count, 8, 6, 3), np.uint8)


def attacked(attack, targets, plain):
    protector = Upended()
    data = OwnedProtector(targets=protector.protect(targets), protector=protector, plain=plain)
    return attack.run(data)


def test_an_image_that_the_attacker_has_is_found():
    plain = plain_images(200)
    found = attacked(NearestAttack(), plain[[7, 150]], plain)
    assert (found.images == plain[[7, 150]]).all()
    assert (found.attack, found.threat_model) == ("nearest", ThreatModel.PROTECTOR)
    assert "200 images" in found.finding


def test_the_nearest_are_those_of_a_plain_sort():
    # More targets than are worked on at a time.
    targets, images = plain_images(70), plain_images(90)
    distances = ((targets[:, None].astype(int) - images[None]) ** 2).sum(axis=(2, 3, 4))
    wanted = np.sort(np.argsort(distances, axis=1)[:, :5], axis=1)
    assert (np.sort(nearest(targets, images, count=5), axis=1) == wanted).all()


def test_images_of_little_contrast_are_told_apart():
    images = RNG.integers(0, 5, (600, 16, 16, 3), np.uint8) + np.uint8(250)
    assert (nearest(images[:200], images, count=1)[:, 0] == np.arange(200)).all()
    targets = images[:200] ^ RNG.integers(0, 2, (200, 16, 16, 3), np.uint8)
    distances = np.stack([((images.astype(int) - one) ** 2).sum(axis=(1, 2, 3)) for one in targets])
    found = nearest(targets, images, count=1)[:, 0]
    assert (distances[np.arange(200), found] == distances.min(axis=1)).all()


def test_the_mean_of_many():
    plain = plain_images(60)
    found = attacked(NearestMeanAttack(neighbours=60), plain[:1], plain)
    assert np.abs(found.images[0] - plain.mean(axis=0)).max() <= 0.5
    # Somebody with fewer images takes all that he has.
    few = attacked(NearestMeanAttack(), plain[:1], plain[:4])
    assert np.abs(few.images[0] - plain[:4].mean(axis=0)).max() <= 0.5


def test_the_attackers_images_are_protected_once_for_all_attacks():
    calls = []

    class Counted(Upended):
        def protect(self, images):
            calls.append(len(images))
            return super().protect(images)

    plain = plain_images(20)
    data = OwnedProtector(targets=Upended().protect(plain), protector=Counted(), plain=plain)
    for attack in (NearestAttack(), NearestMeanAttack()):
        attack.run(data)
    assert calls == [20]


def test_an_attacker_without_images_is_told():
    with pytest.raises(UserError, match="no images"):
        attacked(NearestAttack(), plain_images(2), plain_images(0))
