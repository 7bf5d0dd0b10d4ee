"""Several protected views of one scene tell more than one."""

import numpy as np
import pytest

from tfppdnn.attacks import Ridge4ViewsAttack, Ridge16ViewsAttack, RidgeAttack, ThreatModel, Views
from tfppdnn.audit.evidence import Evidence
from tfppdnn.audit.material import Material
from tfppdnn.errors import UserError
from tfppdnn.images.shifting import shifted
from tfppdnn.protector import Protector

RNG = np.random.default_rng(4)


def images_of_steps(count):
    """Pictures with one edge from top to bottom, anywhere."""
    edges = RNG.integers(0, 16, (count, 1, 1, 1))
    columns = np.arange(16)[None, None, :, None]
    return np.broadcast_to(np.where(columns < edges, 30, 220), (count, 16, 16, 3)).astype(np.uint8)


class Coarse:
    """Shows only whether each quarter of a picture's width is light or dark on average."""

    def protect(self, images):
        quarters = images.reshape(len(images), 16, 4, 4, 3).mean(axis=(1, 3, 4)) > 125
        drawn = np.repeat(quarters * np.uint8(255), 4, axis=1)[:, None, :, None]
        return np.ascontiguousarray(np.broadcast_to(drawn, images.shape))


def evidence(attackers=300, held_out=40):
    material = Material(
        held_out=images_of_steps(held_out),
        labels=np.zeros(held_out, np.int64),
        attackers=images_of_steps(attackers),
        attacker_labels=np.zeros(attackers, np.int64),
    )
    return Evidence(Protector.of(Coarse()), material, recogniser=None), material.held_out


def test_the_more_views_the_more_is_seen():
    handed, plain = evidence()

    def error(attack):
        found = attack.run(handed.gather(attack.needs))
        assert found.threat_model is ThreatModel.PROTECTOR
        return ((found.images.astype(int) - plain) ** 2).mean()

    one, four, sixteen = (
        error(attack(random_features=0))
        for attack in (RidgeAttack, Ridge4ViewsAttack, Ridge16ViewsAttack)
    )
    # The image itself is one of them: only further ones tell where in a quarter the edge is.
    assert sixteen < 0.85 * four < 0.85 * 0.85 * one


def test_an_audit_hands_out_views_of_the_targets_and_no_plain_one():
    handed, plain = evidence(held_out=12)
    data = handed.gather(Views, targets=5)
    assert len(data.views) == 15
    assert all(view.shape == data.targets.shape == (5, 16, 16, 3) for view in data.views)
    # Each is what the protector makes of the scene moved by a number of pixels that there is.
    moved = {
        (scene, Coarse().protect(crop[None]).tobytes())
        for scene, image in enumerate(np.pad(plain[:5], ((0, 0), (2, 2), (2, 2), (0, 0)), "edge"))
        for down in range(5)
        for right in range(5)
        for crop in [image[down : down + 16, right : right + 16]]
    }
    seen = [(scene, one.tobytes()) for view in data.views for scene, one in enumerate(view)]
    assert set(seen) <= moved
    assert len({view.tobytes() for view in data.views}) > 1


def test_a_view_is_moved_by_up_to_two_pixels_each_way():
    image = RNG.integers(0, 256, (6, 5, 3), np.uint8)
    around = np.pad(image, ((2, 2), (2, 2), (0, 0)), "edge")
    wanted = {
        around[down : down + 6, right : right + 5].tobytes()
        for down in range(5)
        for right in range(5)
    }
    views = shifted(np.stack([image] * 1000), np.random.default_rng(0))
    assert views.shape == (1000, 6, 5, 3)
    assert {view.tobytes() for view in views} == wanted


def test_too_few_views_are_named():
    handed, _ = evidence(attackers=20)
    data = handed.gather(Views)
    few = Views(
        targets=data.targets, protector=data.protector, plain=data.plain, views=data.views[:2]
    )
    with pytest.raises(UserError, match="ridge_4_views was given 2 further views"):
        Ridge4ViewsAttack(random_features=0).run(few)
