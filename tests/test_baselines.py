"""What people do without a scheme, where it learns: a PCA code of the pixels, the label alone."""

import math
import shutil

import numpy as np
import pytest
from leakage_samples import photographs
from sklearn import decomposition

import tfppdnn
from tfppdnn import Protector, fit_classifier, load_protector
from tfppdnn.baselines import PCA, Blur, Label, Pixelate
from tfppdnn.datasets.digits import load_digits
from tfppdnn.errors import UserError
from tfppdnn.leakage import SavedModelRecogniser

PICTURES = photographs()
DIGITS = load_digits()


def dark_to_light(images):
    """A classifier of three classes that anybody could have."""
    return images.mean(axis=(1, 2, 3)).astype(int) * 3 // 256


def test_a_pca_code_draws_what_its_definition_says():
    """Beside scikit-learn's components, each number the nearest of eight levels."""
    reference = decomposition.PCA(4, svd_solver="full").fit(PICTURES.reshape(24, -1) / 1.0)
    deviations = np.sqrt(reference.explained_variance_ * 23 / 24)
    levels = np.array([-2.5, -12.5 / 7, -7.5 / 7, -2.5 / 7, 2.5 / 7, 7.5 / 7, 12.5 / 7, 2.5])
    expected = []
    for picture in PICTURES:
        drawn = reference.mean_.copy()
        for component, deviation in zip(reference.components_, deviations, strict=True):
            number = (picture.reshape(-1) - reference.mean_) @ component / deviation
            drawn += levels[np.abs(levels - number).argmin()] * deviation * component
        expected.append(drawn.clip(0, 255))
    code = PCA(12).fitted_on(PICTURES)
    difference = code.protect(PICTURES) - np.reshape(expected, PICTURES.shape)
    assert code.bits == 12
    assert np.abs(difference).max() < 0.51
    np.testing.assert_array_equal(code.protect(PICTURES[3]), code.protect(PICTURES)[3])


def test_a_pca_code_gives_no_more_pictures_than_its_bits():
    code = PCA(6).fitted_on(DIGITS.train_images)
    assert 2 < len({one.tobytes() for one in code.protect(DIGITS.train_images)}) <= 2**6
    # The fit is not by chance.
    again = PCA(6).fitted_on(DIGITS.train_images)
    np.testing.assert_array_equal(code.components, again.components)


def test_a_pca_code_takes_pictures_of_any_size():
    code = PCA(12).fitted_on(PICTURES)
    large = np.kron(PICTURES, np.ones((1, 2, 2, 1), np.uint8))
    np.testing.assert_array_equal(
        code.protect(large), np.kron(code.protect(PICTURES), np.ones((1, 2, 2, 1), np.uint8))
    )


def test_what_is_no_pca_code_is_told_so():
    for bits in (0, 4):
        with pytest.raises(UserError, match=f"pca:{bits}: .* give a multiple of 3"):
            load_protector(f"pca:{bits}")
    with pytest.raises(UserError, match="pca:96 learns from a data set first: audit, classify"):
        load_protector("pca").protect(PICTURES)
    with pytest.raises(UserError, match=r"pca:72: 24 components .* from 24 pictures of 3072"):
        PCA(72).fitted_on(PICTURES)
    with pytest.raises(UserError, match="pca:6: the pictures are all alike"):
        PCA(6).fitted_on(np.repeat(PICTURES[:1], 24, axis=0))


@pytest.mark.parametrize("kind", [Blur, Pixelate])
@pytest.mark.parametrize("strength", [0, -1, 1.5, 10**23])
def test_a_strength_in_pixels_is_a_whole_number_from_1(kind, strength):
    with pytest.raises(UserError, match="give a whole number from 1, in pixels"):
        kind(strength)


def test_the_label_alone_is_a_flat_grey():
    label = Label(dark_to_light, 3)
    pictures = np.stack([np.full((4, 6, 3), mean, np.uint8) for mean in (0, 100, 250)])
    protected = label.protect(pictures)
    assert protected.shape == pictures.shape
    # Half of 255, to the even neighbour.
    assert [np.unique(one).tolist() for one in protected] == [[0], [128], [255]]
    assert np.unique(label.protect(pictures[1])).tolist() == [128]
    assert label.bits == math.log2(3)
    with pytest.raises(UserError, match="label: 300 classes; give a classifier of 2 to 256"):
        Label(dark_to_light, 300)


def test_the_label_goes_by_the_classifier_that_is_named(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run / "reference_classifier", tmp_path / "classifier")
    with pytest.raises(UserError, match=r"is a SavedModel, and so a program: .* add --trust"):
        load_protector(f"label:{folder}")
    protector = load_protector(f"label:{folder}", trust=True)
    classes = SavedModelRecogniser(folder)(DIGITS.test_images)
    assert protector.bits == math.log2(10)
    greys = protector.protect(DIGITS.test_images)[:, 0, 0, 0]
    np.testing.assert_array_equal(greys, np.rint(classes * 255 / 9))
    before = Protector.named(f"label:{folder}").identity
    with (folder / "saved_model.pb").open("ab") as file:
        file.write(b"x")
    assert before != Protector.named(f"label:{folder}").identity
    for name in ("label", f"label:{tmp_path}"):
        with pytest.raises(UserError, match=f"{name}: give the SavedModel of a classifier"):
            Protector.named(name)


def test_an_audit_learns_the_code_first_and_says_what_its_bits_bound():
    report = tfppdnn.audit(
        "pca:6",
        "digits",
        "nearest",
        settings={"attacker_images": 64, "held_out_images": 12, "attempts": 1},
        recogniser=dark_to_light,
    )
    held_out = {np.unique(one).size for one in report.pictures["protected"]}
    assert held_out != {1}  # Not flat: drawn from what was learnt.
    # 1,000,000 / 64 is 15,625.
    assert report.bound.bits == 6 and "1 time in 15,625," in report.summary()


@pytest.mark.long
def test_a_classifier_learns_from_what_few_bits_draw(tmp_path):
    options = {"classifier_epochs": 4, "classifier_width": 0.1}
    few, many = (
        fit_classifier(name, "digits", settings=options, out=tmp_path / name[4:]).accuracy
        for name in ("pca:3", "pca:48")
    )
    # Of eight pictures nobody learns ten digits.
    assert few < 0.5 < many
