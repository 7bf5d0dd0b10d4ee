"""The code in closed form: what it keeps, and what it leaves out for the restorer's sake."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression

from tfppdnn.errors import UserError
from tfppdnn.protection.photos.code import averaged, learn_code
from tfppdnn.protection.photos.words import learn_words

COUNT = 2000


@pytest.fixture(scope="module")
def seen():
    """Eight independent features of falling variance; the pictures show the first and the last."""
    rng = np.random.default_rng(0)
    sources = rng.normal(size=(COUNT, 8)) * np.sqrt([8, 7, 6, 5, 4, 3, 2, 1])
    turned, _ = np.linalg.qr(rng.normal(size=(8, 8)))
    labels = (sources[:, 6] > 0).astype(int)
    pictures = sources[:, [0, 7]] @ rng.normal(size=(2, 12))
    return sources @ turned + 3.0, pictures, labels, sources


def numbers_of(seen, size, **weights):
    features, pictures, labels, _ = seen
    encoder = learn_code(features, pictures, labels, size=size, **weights)
    return features @ encoder.kernel + encoder.bias, encoder


def spanned(numbers, source):
    """How much of a source's variance a linear guess from the numbers explains."""
    return LinearRegression().fit(numbers, source).score(numbers, source)


def test_without_weights_it_keeps_the_principal_components(seen):
    numbers, encoder = numbers_of(seen, 3)
    pca = PCA(3).fit(seen[0])
    assert encoder.kept == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-4)
    theirs = pca.transform(seen[0])
    for ours in numbers.T:
        assert spanned(theirs, ours) == pytest.approx(1, abs=1e-4)
    # Uncorrelated, and as wide as the levels are spread.
    np.testing.assert_allclose(np.cov(numbers.T), 0.8**2 * np.eye(3), atol=1e-3)
    np.testing.assert_allclose(numbers.mean(axis=0), 0, atol=1e-4)


def test_what_is_restored_is_what_a_regression_explains(seen):
    numbers, encoder = numbers_of(seen, 3)
    pictures = seen[1]
    guessed = LinearRegression().fit(numbers, pictures).predict(numbers)
    explained = (
        1 - np.square(pictures - guessed).sum() / np.square(pictures - pictures.mean(axis=0)).sum()
    )
    assert encoder.restored == pytest.approx(explained, abs=1e-4)


def test_what_pictures_show_is_left_out_when_it_is_to_be_hidden(seen):
    sources = seen[3]
    plain, _ = numbers_of(seen, 3)
    hiding, encoder = numbers_of(seen, 3, hiding_weight=1.0)
    assert spanned(plain, sources[:, 0]) > 0.95
    assert spanned(hiding, sources[:, 0]) < 0.05
    # The next in turn takes its place.
    assert spanned(hiding, sources[:, 3]) > 0.95
    assert encoder.restored < 0.02


def test_what_tells_classes_apart_is_kept_when_that_counts(seen):
    sources = seen[3]
    without, _ = numbers_of(seen, 2)
    labelled, _ = numbers_of(seen, 2, label_weight=3.0)
    assert spanned(without, sources[:, 6]) < 0.05
    assert spanned(labelled, sources[:, 6]) > 0.9


def test_a_code_has_no_more_numbers_than_there_are_directions(seen):
    features, pictures, labels, _ = seen
    with pytest.raises(ValueError, match="8 directions, fewer than the 9 numbers"):
        learn_code(features, pictures, labels, size=9)
    with pytest.raises(ValueError, match="4 pictures have features in 3 directions"):
        learn_code(features[:4], pictures[:4], labels[:4], size=4)


def test_pictures_are_averaged_to_eight_by_eight():
    pictures = np.zeros((1, 32, 32, 3), np.uint8)
    pictures[0, 4:8, :4, 0] = 255
    small = averaged(pictures)
    assert small.shape == (1, 8, 8, 3)
    assert small[0, 1, 0].tolist() == [1.0, 0.0, 0.0]
    assert small.sum() == 1.0


def test_a_word_is_no_single_picture_that_it_was_learnt_from():
    features = np.random.default_rng(0).normal(size=(800, 8)).astype(np.float32)
    labels = np.arange(800) % 4
    with pytest.raises(UserError, match=r"--privacy_choices=16: .* are 800, .* are 799"):
        learn_words(features[:799], labels[:799], size=4, words=1, choices=16, seed=0)

    made = learn_words(features, labels, size=4, words=1, choices=16, seed=0)

    assert np.bincount(named(made, features)[:, 0], minlength=16).min() > 10


@pytest.fixture(scope="module")
def four_kinds():
    """Four kinds of pictures, and what pictures of one kind differ by, which is more."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 4, 4000)
    kinds = 3 * np.eye(4)[labels] + 0.5 * rng.normal(size=(4000, 4))
    features = np.hstack([kinds, 2.5 * rng.normal(size=(4000, 12))])
    turned, _ = np.linalg.qr(rng.normal(size=(16, 16)))
    return (features @ turned + 7).astype(np.float32), labels


def named(made, features):
    """What the words say of pictures, as an h_p names them."""
    left, words = features @ made.kernel + made.bias, []
    for values in made.values:
        nearest = np.square(left[:, None] - values[None]).sum(axis=2).argmin(axis=1)
        words.append(nearest)
        left = left - values[nearest]
    return np.stack(words, axis=1)


def test_words_tell_what_a_picture_is_and_not_how_pictures_of_a_kind_differ(four_kinds):
    features, labels = four_kinds
    told = {}
    for classes in ("known", "drawn by chance"):
        given = labels if classes == "known" else np.random.default_rng(1).permutation(labels)
        made = learn_words(features, given, size=16, words=1, choices=16, seed=0)
        words = named(made, features)[:, 0]
        told[classes] = (
            sum(np.bincount(labels[words == word]).max() for word in np.unique(words)) / 4000
        )
    assert told["known"] > 0.9 > told["drawn by chance"] + 0.3


def test_numbers_are_features_whose_covariance_within_classes_is_undone(four_kinds):
    features, labels = four_kinds
    made = learn_words(features, labels, size=16, words=1, choices=16, seed=0)
    within = sum(
        np.cov(features[labels == label].T, bias=True) * np.mean(labels == label)
        for label in range(4)
    )
    undone = made.kernel.T @ (within + np.trace(within) / 16 * np.eye(16)) @ made.kernel
    np.testing.assert_allclose(undone / undone[0, 0], np.eye(16), atol=1e-3)
    # Principal components: uncorrelated, those that vary most first.
    spread = np.cov((features @ made.kernel).T)
    assert np.all(np.diff(spread.diagonal()) < 0)
    np.testing.assert_allclose(spread, np.diag(spread.diagonal()), atol=1e-3 * spread[0, 0])


def test_how_much_there_is_of_something_does_not_change_its_first_word(four_kinds):
    features, labels = four_kinds
    made = learn_words(features, labels, size=16, words=1, choices=16, seed=0)
    lengths = np.linalg.norm(made.values[0], axis=1)
    np.testing.assert_allclose(lengths, lengths[0], rtol=1e-5)
    mean = features.mean(axis=0)
    more = mean + 1.7 * (features - mean)
    assert np.mean(named(made, more) == named(made, features)) > 0.999


def test_what_words_keep_is_what_a_mean_for_each_of_them_explains(four_kinds):
    features, labels = four_kinds
    made = learn_words(features, labels, size=16, words=1, choices=16, seed=0)
    one_hot = np.eye(16)[named(made, features)[:, 0]]
    explained = LinearRegression().fit(one_hot, features)
    left = features - explained.predict(one_hot)
    share = 1 - np.square(left).sum() / np.square(features - features.mean(axis=0)).sum()
    assert made.kept == pytest.approx(share, abs=1e-4)
    # Whichever are added up, a picture can be drawn of them.
    two = learn_words(features, labels, size=16, words=2, choices=16, seed=0)
    assert two.kept > made.kept
    assert np.abs(two.values).max(axis=1).sum(axis=0).max() == pytest.approx(1)


def test_pictures_that_are_all_alike_make_no_words_and_classes_of_one_picture_do():
    labels = np.arange(800) % 4
    with pytest.raises(ValueError, match="features of 0 directions do not make 4 numbers"):
        learn_words(np.ones((800, 8), np.float32), labels, size=4, words=1, choices=16, seed=0)
    with pytest.raises(ValueError, match="features of 3 directions do not make 4 numbers"):
        learn_words(np.eye(4, 8)[labels], labels, size=4, words=1, choices=16, seed=0)
    made = learn_words(np.eye(4, 8)[labels], labels, size=3, words=1, choices=16, seed=0)
    assert np.isfinite(made.kernel).all() and made.kept == pytest.approx(1, abs=1e-5)


def test_a_code_is_read_off_pictures_however_many():
    from tfppdnn.protection.photos.measuring import tile_reader
    from tfppdnn.settings.photos import CodeSettings

    greys = np.random.default_rng(0).integers(0, 256, (130, 3, 3), np.uint8)
    pictures = np.repeat(np.kron(greys, np.ones((8, 8), np.uint8))[..., None], 3, axis=-1)
    numbers = tile_reader(CodeSettings(size=7))(pictures)
    expected = greys.reshape(130, 9)[:, :7] / 255 * 2 - 1
    np.testing.assert_allclose(numbers, expected, atol=1e-5)
