"""Class means: by what a classifier says of protected images; no protector, pairs or labels."""

import numpy as np
import pytest

from tfppdnn.attacks import ClassifiedImages, ClassMeanAttack, ThreatModel
from tfppdnn.errors import UserError

# Two kinds of images, and one of each kind protected.
PLAIN = np.stack([np.full((8, 6, 3), value, np.uint8) for value in (10, 20, 33, 200, 241)])
TARGETS = np.stack([np.full((8, 6, 3), value, np.uint8) for value in (255, 90, 130)])


def is_light(images):
    return (images.mean(axis=(1, 2, 3)) > 127).astype(np.int64)


def attacked(classify):
    return ClassMeanAttack().run(ClassifiedImages(targets=TARGETS, plain=PLAIN, classify=classify))


def test_each_target_becomes_the_mean_of_what_is_named_alike():
    found = attacked(is_light)

    # (200 + 241) / 2 = 220.5, to even; (10 + 20 + 33) / 3 = 21.
    assert found.images.shape == TARGETS.shape
    assert found.images.dtype == np.uint8
    assert [np.unique(image).tolist() for image in found.images] == [[220], [21], [220]]
    assert (found.attack, found.threat_model) == ("class_mean", ThreatModel.CIPHERTEXTS_ONLY)
    assert "5 plain images" in found.finding


def test_a_name_that_no_plain_image_has_becomes_the_mean_of_all():
    found = attacked(lambda images: images[:, 0, 0, 0] // 64)

    # 255 is named 3, as 200 and 241 are; nothing is named 1, and 130 is named 2.
    assert [np.unique(image).tolist() for image in found.images] == [[220], [101], [101]]


@pytest.mark.parametrize(
    ("plain", "said"), [(PLAIN[:0], "no images"), (PLAIN[:, :4], "give images of one size")]
)
def test_images_that_do_not_fit_are_refused_in_one_line(plain, said):
    data = ClassifiedImages(targets=TARGETS, plain=plain, classify=is_light)
    with pytest.raises(UserError, match=said):
        ClassMeanAttack().run(data)
