"""Words under noise: how much likelier one picture makes a code, counted exactly and tried out."""

import math
from decimal import Decimal, getcontext
from fractions import Fraction
from itertools import product

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn import Protector
from tfppdnn.attacks import NearestAttack, OwnedProtector, WhiteBox
from tfppdnn.audit.evidence import Evidence
from tfppdnn.audit.material import Material
from tfppdnn.client.protected_png import protected_png
from tfppdnn.errors import UserError
from tfppdnn.exporting.protector import export_protector
from tfppdnn.exporting.tflite import float32_tflite
from tfppdnn.images.files import encode_png
from tfppdnn.leakage import CodeBound, guessing_bound
from tfppdnn.models import RandomizedWords, bottleneck, code_of, exact_epsilon, privacy_epsilon
from tfppdnn.models.eight_bit import as_bytes, as_floats, run_on_images
from tfppdnn.system_noise import lowest_noise, system_noise

HALF = 2**31
TRIES = 100_000


def layer(epsilon, *, choices, words, size=3, seed=0):
    """A layer with a vocabulary at random, whose first words lie far apart and others near."""
    made = RandomizedWords(epsilon, choices=choices, words=words)
    made.build((None, size), (None, 2 * words))
    values = np.random.default_rng(seed).uniform(-1, 1, (words, choices, size))
    made.vocabulary.assign(values / 4.0 ** np.arange(1, words + 1)[:, None, None])
    return made


def distribution(made, numbers):
    """How often each code comes out of numbers [D], as exact fractions, by the layer itself.

    One noise value stands for all those that keep a word, one for all others, and one for each
    value that a word is drawn as; the next two tests show that they may.
    """
    keeping, drawing = made.kept - HALF - 1, made.kept - HALF
    grid = [
        (*keep, *drawn)
        for keep in product((keeping, drawing), repeat=made.words)
        for drawn in product(range(made.choices), repeat=made.words)
    ]
    out = np.asarray(made(np.repeat(numbers[None], len(grid), 0), np.array(grid, np.int32)))
    share = Fraction(made.kept, 2**32)
    found = {}
    for noise, code in zip(grid, out, strict=True):
        weight = Fraction(1, made.choices**made.words)
        for value in noise[: made.words]:
            weight *= share if value == keeping else 1 - share
        key = code.round(4).tobytes()
        found[key] = found.get(key, 0) + weight
    return found


def logarithm(fraction):
    getcontext().prec = 50
    return (Decimal(fraction.numerator) / Decimal(fraction.denominator)).ln()


@pytest.mark.parametrize(
    ("epsilon", "choices", "words"),
    [
        (3.0, 2, 3),
        *(
            pytest.param(*numbers, marks=pytest.mark.slow)
            for numbers in [(0.5, 4, 1), (2.0, 4, 2), (8.0, 16, 1)]
        ),
    ],
)
def test_no_code_is_likelier_than_the_bound_whatever_the_picture(epsilon, choices, words):
    made = layer(epsilon, choices=choices, words=words)
    pictures = np.random.default_rng(1).uniform(-1, 1, (200, 3)).astype(np.float32)
    tables = [distribution(made, numbers) for numbers in pictures]
    tables = list({tuple(sorted(table.items())): table for table in tables}.values())
    assert len(tables) > 1
    codes = set().union(*tables)
    assert len(codes) == choices**words == 2**made.bits
    assert all(sum(table.values()) == 1 for table in tables)
    worst = max(
        max(table[code] for table in tables) / min(table[code] for table in tables)
        for code in codes
    )
    stated = exact_epsilon(made.kept, choices=choices, words=words)
    # Of some words the 200 pictures may miss a value, but not of few.
    assert logarithm(worst) <= Decimal(stated) + Decimal("1e-12")
    assert float(logarithm(worst)) == pytest.approx(stated, abs=1e-9)
    assert Decimal(stated) <= Decimal(epsilon)
    # And no more is given away than must be: one more of 2^32 values would be too many.
    assert exact_epsilon(made.kept + 1, choices=choices, words=words) > epsilon - 2e-12


def test_all_noise_below_a_threshold_keeps_the_word_and_no_other():
    made = layer(1.0, choices=4, words=1)
    numbers = np.zeros((6, 3), np.float32)
    edge = made.kept - HALF
    noise = [-HALF, edge - 1, edge, HALF - 1, edge - 2, edge + 1]
    for drawn in range(4):
        out = np.asarray(made(numbers, np.array([[value, drawn] for value in noise], np.int32)))
        kept = [np.array_equal(code, out[0]) for code in out]
        redrawn = [np.array_equal(code, out[3]) for code in out]
        assert all(kept[i] for i in (0, 1, 4)) and all(redrawn[i] for i in (2, 3, 5))
    # Of K = 4 and p = (e - 1) / (e + 3), by hand.
    assert made.kept == pytest.approx(2**32 * (math.e - 1) / (math.e + 3), abs=2)


def test_every_word_is_drawn_by_as_many_noise_values():
    made = layer(1.0, choices=8, words=1)
    around = np.concatenate(
        [np.arange(start, start + 800) for start in (-HALF, -400, HALF - 800)]
    ).astype(np.int32)
    noise = np.stack([np.full_like(around, HALF - 1), around], 1)
    out = np.asarray(made(np.zeros((len(noise), 3), np.float32), noise))
    _, counts = np.unique(out, axis=0, return_counts=True)
    assert counts.tolist() == [300] * 8


def test_the_first_word_is_the_nearest_and_the_next_names_what_is_left():
    made = layer(100.0, choices=8, words=2, size=5)
    numbers = np.random.default_rng(2).uniform(-0.5, 0.5, (50, 5)).astype(np.float32)
    first, second = made.vocabulary.numpy()
    chosen = first[((numbers[:, None] - first) ** 2).sum(-1).argmin(1)]
    left = numbers - chosen
    expected = chosen + second[((left[:, None] - second) ** 2).sum(-1).argmin(1)]
    np.testing.assert_allclose(made(numbers, keep_all(50, 2)), expected, atol=1e-6)


def keep_all(count, words):
    return np.full((count, 2 * words), -HALF, np.int32)


def test_gradients_pass_where_no_word_was_drawn_anew():
    made = layer(1.0, choices=4, words=2)
    numbers = tf.Variable(np.zeros((3, 3), np.float32))
    noise = keep_all(3, 2)
    noise[1, 0], noise[2, 1] = HALF - 1, HALF - 1
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(made(numbers, noise))
    assert tape.gradient(total, numbers).numpy().tolist() == [[1] * 3, [0] * 3, [0] * 3]


@pytest.mark.parametrize("epsilon", [0.5, 2.0])
def test_guessing_which_of_two_pictures_it_was_never_beats_the_bound(epsilon):
    made = layer(epsilon, choices=4, words=1)
    first, second = made.vocabulary.numpy()[0][:2]
    which = np.random.default_rng(3).integers(0, 2, TRIES)
    codes = np.asarray(made(np.stack([first, second])[which], system_noise(TRIES, 2)))
    # The best guess: what was said, and any where another word was said.
    guess = np.where(
        (codes == first).all(1), 0, np.where((codes == second).all(1), 1, np.arange(TRIES) % 2)
    )
    right = float(np.mean(guess == which))
    deviation = math.sqrt(0.25 / TRIES)
    assert right < guessing_bound(epsilon, crowd=2)
    # Half, and half of how often the true word is likelier: the most that can be had.
    best = 0.5 + 0.5 * (math.exp(epsilon) - 1) / (math.exp(epsilon) + 3)
    assert right == pytest.approx(best, abs=4 * deviation)


@pytest.mark.parametrize(
    ("options", "said"),
    [({"choices": 6}, "a power of 2"), ({"choices": 4, "epsilon": 1e-12}, "nothing is left")],
)
def test_what_cannot_be_is_refused(options, said):
    with pytest.raises(ValueError, match=said):
        RandomizedWords(**{"epsilon": 1.0, **options})


@pytest.fixture(scope="module")
def network():
    """An untrained one, whose numbers are turned so that pictures have different words."""
    keras.utils.set_random_seed(0)
    made = bottleneck(encoder_width=0.0625, code_size=8, decoder_width=8, privacy_epsilon=2.0)
    code = made.get_layer("code")
    numbers = keras.Model(made.inputs[0], code.output)(coloured(400, seed=4) / np.float32(255))
    variances, directions = np.linalg.eigh(np.cov(np.asarray(numbers).T))
    apart = directions / np.sqrt(variances)
    kernel, _ = code.get_weights()
    code.set_weights([kernel @ apart, -np.asarray(numbers).mean(axis=0) @ apart])
    return made


def coloured(count, *, seed):
    """Noise of different colours."""
    random = np.random.default_rng(seed)
    images = random.integers(0, 256, (count, 8, 8, 3), np.uint8)
    return images // random.integers(1, 9, (count, 1, 1, 3), np.uint8)


@pytest.fixture(scope="module")
def files(network, tmp_path_factory):
    folder = tmp_path_factory.mktemp("private")
    export_protector(network, folder / "protector")
    (folder / "protector.tflite").write_bytes(float32_tflite(network))
    network.save(folder / "protector.keras")
    return folder


@pytest.fixture(scope="module")
def pictures():
    return np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize(
    "file",
    [
        "protector.tflite",
        *(pytest.param(form, marks=pytest.mark.long) for form in ("protector", "protector.keras")),
    ],
)
def test_pictures_that_become_the_same_by_chance_are_no_fault(files, pictures, file):
    """To refuse that two become one would tell that they differ."""
    protector = Protector.from_preset(files / file, trust=True)
    assert protector.draws_noise

    made = [protector.protect(pictures[:2]) for _ in range(100)]
    assert any(np.array_equal(*pair) for pair in made)


def test_what_noise_drew_is_sent_even_if_it_is_the_plain_picture(files, pictures):
    """Otherwise there would be a picture that comes out of all others, and never of itself."""
    protector = Protector.from_preset(files / "protector.tflite")
    drawn = protector.protect(pictures[0])
    same = encode_png(drawn)
    assert same in (protected_png(drawn, protector, name="it") for _ in range(300))
    with pytest.raises(UserError, match="changes too little"):
        protected_png(drawn, Protector.of(lambda images: images), name="it")


def test_it_says_its_bits_and_its_epsilon(network, files):
    protector = Protector.of(network)
    assert (protector.bits, protector.epsilon) == (3.0, 2.0)
    assert privacy_epsilon(network) == 2.0
    assert code_of(network).facts == {"words": 1, "choices": 8}
    assert Protector.from_preset(files / "protector.keras").epsilon == 2.0
    assert Protector.from_preset("blur:2").epsilon is None


@pytest.mark.parametrize("name", ["protector", "protector.tflite", "protector.keras"])
def test_every_file_draws_anew_for_each_picture(name, files, pictures):
    protector = Protector.from_preset(files / name, trust=True)
    made = protector.protect(np.repeat(pictures[:1], 400, axis=0))
    _, counts = np.unique(made.reshape(400, -1), axis=0, return_counts=True)
    assert len(counts) == 8
    # p + (1 - p) / 8 with p = (e^2 - 1) / (e^2 + 7): the true word.
    true = math.exp(2) / (math.exp(2) + 7)
    assert max(counts) / 400 == pytest.approx(true, abs=5 * math.sqrt(true * (1 - true) / 400))


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [
        "protector.tflite",
        *(pytest.param(form, marks=pytest.mark.long) for form in ("protector", "protector.keras")),
    ],
)
def test_whoever_owns_the_noise_looks_up_among_pictures_without_it(name, files):
    protector = Protector.from_preset(files / name, trust=True)
    quiet = protector.without_noise()
    plain, others = (a_picture_of_each_word(quiet, seed=seed) for seed in (4, 6))
    np.testing.assert_array_equal(quiet.protect(plain), quiet.protect(others))
    assert not np.array_equal(protector.protect(plain), quiet.protect(plain))

    def right(owner):
        """How often the picture that was found has the word of the one that was asked for."""
        times = 0
        for _ in range(250):
            data = OwnedProtector(targets=protector.protect(others), protector=owner, plain=plain)
            found = NearestAttack().run(data).images
            times += (found == plain).all(axis=(1, 2, 3)).sum()
        return times / (250 * len(plain))

    # As often as the word was kept, or drawn again by chance. Noise of his own is in the way of an
    # owner who cannot leave it out.
    kept = math.exp(2) / (math.exp(2) + 7)
    without, with_noise = right(protector), right(Noisy(protector))
    assert without == pytest.approx(kept, abs=5 * math.sqrt(kept * (1 - kept) / 2000))
    assert without > with_noise + 0.1


def a_picture_of_each_word(quiet, *, seed):
    """Eight pictures, in the order of what becomes of them without noise."""
    pictures = coloured(400, seed=seed)
    _, first = np.unique(quiet.protect(pictures).reshape(400, -1), axis=0, return_index=True)
    assert len(first) == 8
    return pictures[first]


class Noisy:
    """A protector whose noise nobody can leave out."""

    def __init__(self, protector):
        self.protect = protector.protect


def test_whoever_owns_the_noise_searches_without_it(network, pictures):
    protector = Protector.of(network)
    images = keras.ops.convert_to_tensor(as_floats(pictures))
    quiet = protector.without_noise()
    made = [as_bytes(np.asarray(quiet.differentiable(images))) for _ in range(2)]
    np.testing.assert_array_equal(made[0], quiet.protect(pictures))
    np.testing.assert_array_equal(*made)
    drawn = [np.asarray(protector.differentiable(images)) for _ in range(2)]
    assert not np.array_equal(*drawn)
    labels = np.zeros(len(pictures), np.int64)
    material = Material(
        held_out=pictures, labels=labels, attackers=pictures, attacker_labels=labels
    )
    evidence = Evidence(protector, material, recogniser=lambda: None)
    given = evidence.gather(WhiteBox, targets=2).differentiable
    np.testing.assert_array_equal(as_bytes(np.asarray(given(images))), made[0])


def test_without_noise_nothing_else_changes():
    blur = Protector.from_preset("blur:2")
    assert blur.without_noise() is blur
    assert np.unique(lowest_noise(2, 3)).tolist() == [-HALF]


def test_a_saved_model_refuses_pictures_whose_noise_was_forgotten(network, files, pictures):
    serve = tf.saved_model.load(files / "protector").signatures["serving_default"]
    with pytest.raises(TypeError, match="noise"):
        serve(image=tf.constant(pictures))
    noise = system_noise(4, 2)
    made = serve(image=tf.constant(pictures), noise=tf.constant(noise))["protected"].numpy()
    expected = run_on_images(network, pictures, noise=noise)
    np.testing.assert_allclose(made, expected.astype(int), atol=1)
    noise = np.where(np.arange(4)[:, None] == 2, 0, noise)
    with pytest.raises(tf.errors.InvalidArgumentError):
        serve(image=tf.constant(pictures), noise=tf.constant(noise))


def test_encoded_pictures_take_their_own_noise(files, pictures):
    signatures = tf.saved_model.load(files / "protector").signatures
    noise = tf.constant(system_noise(4, 2))
    files = [tf.io.encode_png(picture) for picture in pictures]
    made = signatures["encoded"](image_bytes=tf.stack(files), noise=noise)["protected_bytes"]
    expected = signatures["serving_default"](image=tf.constant(pictures), noise=noise)["protected"]
    np.testing.assert_array_equal([tf.io.decode_png(one) for one in made.numpy()], expected)


def test_the_bound_speaks_of_noise_and_takes_the_lower_of_two():
    private = CodeBound(96.0, epsilon=8.0)
    assert private.named_at_most == pytest.approx(math.exp(8) / (math.exp(8) + 999_999))
    assert "epsilon = 8" in private.sentence and "1 time in" in private.sentence
    likely = 64 * math.exp(8) / (math.exp(8) + 63)
    assert CodeBound(6.0, epsilon=8.0).named_at_most == pytest.approx(likely / 1e6)
    assert CodeBound(**{"bits": 6.0, "epsilon": 32.0}).to_dict()["epsilon"] == 32.0
    assert "No bound" in CodeBound(96.0, crowd=2, epsilon=800.0).sentence
