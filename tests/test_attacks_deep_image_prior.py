"""A deep image prior: images of an untrained network, found without any picture."""

import keras
import numpy as np
import pytest

from tfppdnn.attacks import DeepImagePriorAttack, ThreatModel, WhiteBox
from tfppdnn.datasets.digits import load_digits
from tfppdnn.leakage import affine_ssim, ssim

SIZE = 24


def coarse(images):
    """Averages 2x2 blocks: what is between them has to be made up."""
    pooled = keras.ops.average_pool(images, 2)
    return keras.ops.repeat(keras.ops.repeat(pooled, 2, axis=1), 2, axis=2)


@pytest.fixture(scope="module")
def targets():
    return load_digits().test_images[:2, 4 : 4 + SIZE, 4 : 4 + SIZE]


def attacked(plain, function, *, checkpoints=None, **settings):
    protected = np.rint(np.asarray(function(plain / np.float32(255))) * 255).astype(np.uint8)
    data = WhiteBox(targets=protected, protector=None, plain=plain[:0], differentiable=function)
    attack = DeepImagePriorAttack(**{"steps": 250, "width": 16, **settings})
    return attack.run(data, checkpoints=checkpoints)


@pytest.mark.slow
def test_it_draws_what_is_still_there_without_having_seen_a_picture(targets):
    result = attacked(targets, coarse)
    assert (result.attack, result.threat_model) == ("deep_image_prior", ThreatModel.PROTECTOR)
    assert result.images.shape == targets.shape and result.images.dtype == np.uint8
    assert ssim(result.images, targets).min() > 0.8
    assert "grey levels" in result.finding


@pytest.mark.long
def test_each_target_is_searched_anew(targets):
    both = attacked(targets, coarse, steps=60).images
    second = attacked(targets[1:], coarse, steps=60, seed=1).images
    np.testing.assert_allclose(both[1].astype(int), second[0], atol=2)


@pytest.mark.long
def test_of_a_constant_nothing_comes_back(targets):
    result = attacked(targets, lambda images: 0.0 * images + 0.5, steps=60)
    assert affine_ssim(result.images, targets).max() < 0.5


@pytest.mark.long
def test_a_stopped_search_ends_alike(targets, tmp_path):
    whole = attacked(targets[:1], coarse, steps=40).images
    attacked(targets[:1], coarse, steps=20, checkpoints=tmp_path)
    again = attacked(targets[:1], coarse, steps=40, checkpoints=tmp_path).images
    np.testing.assert_allclose(again.astype(int), whole, atol=2)


def test_a_protector_that_cannot_be_differentiated_is_not_attacked(targets):
    data = WhiteBox(targets=targets, protector=None, plain=targets[:0], differentiable=None)
    assert DeepImagePriorAttack().run(data).images is None
