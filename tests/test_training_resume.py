"""A training that was cut off ends where an uninterrupted one ends, bit for bit."""

import shutil
import signal

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.datasets.batches import image_batches
from tfppdnn.errors import UserError
from tfppdnn.models.patchgan import patchgan
from tfppdnn.models.perceptual import perceptual_features
from tfppdnn.models.unet import unet
from tfppdnn.models.vgg13 import vgg13_bn
from tfppdnn.protection.cyclegan import CycleGAN
from tfppdnn.training.checkpoints import Checkpoints
from tfppdnn.training.classifiers import compile_classifier
from tfppdnn.training.resumable import fit_resumably

STEPS, ROUND, BATCH = 10, 4, 4  # Rounds of 4, 4 and 2 steps.


@pytest.fixture(scope="module")
def photos():
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (30, 32, 32, 3)).astype(np.uint8), rng.integers(0, 3, 30)


def new_classifier():
    """A fresh model, as another process would build it, dropout and all."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((32, 32, 3)),
            keras.layers.Conv2D(4, 3, strides=4),
            keras.layers.BatchNormalization(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.3, seed=5),
            keras.layers.Dense(3),
        ]
    )
    schedule = keras.optimizers.schedules.CosineDecay(0.05, STEPS)
    compile_classifier(model, schedule, weight_decay=5e-4)
    return model


def new_cyclegan():
    keras.utils.set_random_seed(0)
    classifier = vgg13_bn(num_classes=3, width=0.05)
    model = CycleGAN(
        protector=unet(base_width=2, depth=2, name="protector"),
        restorer=unet(base_width=2, depth=2, name="restorer"),
        plain_discriminator=patchgan(base_width=2, strided_layers=1),
        protected_discriminator=patchgan(base_width=2, strided_layers=1),
        reference_classifier=classifier,
        features=perceptual_features("reference", reference_classifier=classifier).model,
        pool_size=6,
    )
    model.compile(optimizer=keras.optimizers.Adam(0.01, beta_1=0.5))
    return model


def classifier_batches(photos):
    def batches(first_step, count):
        return image_batches(
            *photos, batch_size=BATCH, first_step=first_step, steps=count, seed=3, augment=True
        )

    return batches


def cyclegan_batches(photos):
    def batches(first_step, count):
        where = {"batch_size": BATCH, "first_step": first_step, "steps": count}
        plain, protected = (image_batches(*photos, seed=seed, **where) for seed in (0, 1))
        return tf.data.Dataset.zip((plain, protected))

    return batches


KINDS = {
    "classifier": (new_classifier, classifier_batches),
    "cyclegan": (new_cyclegan, cyclegan_batches),
}


def train(model, batches, folder, *, steps=STEPS, callbacks=()):
    return fit_resumably(
        model,
        batches,
        title="test",
        steps=steps,
        steps_per_round=ROUND,
        checkpoints=folder,
        callbacks=callbacks,
    )


def state(model):
    optimizers = getattr(model, "optimizers", None) or [model.optimizer]
    return [np.array(v) for owner in (model, *optimizers) for v in owner.variables]


def assert_equal_states(first, second):
    for ours, theirs in zip(first, second, strict=True):
        np.testing.assert_array_equal(ours, theirs)


class KilledError(Exception):
    """Stands for the end of the process."""


class KillAt(keras.callbacks.Callback):
    def __init__(self, step):
        super().__init__()
        self.steps_left = step

    def on_train_batch_end(self, batch, logs=None):
        self.steps_left -= 1
        if self.steps_left == 0:
            raise KilledError


@pytest.fixture(
    scope="module", params=["classifier", pytest.param("cyclegan", marks=pytest.mark.long)]
)
def uninterrupted(request, photos, tmp_path_factory):
    new_model, make_batches = KINDS[request.param]
    model, folder = new_model(), tmp_path_factory.mktemp(request.param)
    history = train(model, make_batches(photos), folder)
    return new_model, make_batches(photos), folder, history, state(model)


@pytest.mark.parametrize("uninterrupted", ["classifier"], indirect=True)
@pytest.mark.parametrize("killed_at", [6, pytest.param(9, marks=pytest.mark.long)])
def test_a_killed_training_ends_where_an_uninterrupted_one_does(uninterrupted, killed_at, tmp_path):
    new_model, batches, _, expected_history, expected = uninterrupted
    with pytest.raises(KilledError):
        train(new_model(), batches, tmp_path, callbacks=[KillAt(killed_at)])

    keras.utils.set_random_seed(99)  # Another process draws other numbers in between.
    keras.random.uniform((3,))
    resumed = new_model()
    history = train(resumed, batches, tmp_path)

    assert_equal_states(state(resumed), expected)
    assert history == expected_history


@pytest.mark.slow
def test_without_its_newest_checkpoint_a_training_goes_on_from_the_one_before(
    uninterrupted, tmp_path
):
    new_model, batches, folder, expected_history, expected = uninterrupted
    shutil.copy(folder / "step-00000008.npz", tmp_path)
    resumed = new_model()
    resumed.trainable_variables[0].assign_add(keras.ops.ones_like(resumed.trainable_variables[0]))
    history = train(resumed, batches, tmp_path)

    assert_equal_states(state(resumed), expected)
    assert history == expected_history


def test_a_finished_training_is_only_loaded(uninterrupted):
    new_model, _, folder, expected_history, expected = uninterrupted

    def no_batches(first_step, count):
        raise AssertionError("a finished training needs no data")

    model = new_model()
    assert train(model, no_batches, folder) == expected_history
    assert_equal_states(state(model), expected)


def test_the_history_has_an_entry_a_round(uninterrupted):
    _, _, _, history, _ = uninterrupted

    assert [entry["step"] for entry in history] == [4, 8, 10]
    assert all(np.isfinite(list(entry.values())).all() for entry in history)


def test_two_checkpoints_are_kept_and_nothing_else(uninterrupted):
    _, _, folder, _, _ = uninterrupted

    assert sorted(f.name for f in folder.iterdir()) == ["step-00000008.npz", "step-00000010.npz"]


def test_what_was_killed_before_it_deleted_a_checkpoint_leaves_none_too_many(tmp_path):
    checkpoints = Checkpoints(tmp_path, new_classifier())
    for step in (2, 4, 6):
        checkpoints.save(step, [])
    shutil.copy(tmp_path / "step-00000004.npz", tmp_path / "step-00000002.npz")
    assert checkpoints.restore()[0] == 6
    assert sorted(f.name for f in tmp_path.iterdir()) == ["step-00000004.npz", "step-00000006.npz"]


def damage_half(content):
    return content[: len(content) // 2]


def damage_bits(content):
    middle = len(content) // 2
    return (
        content[:middle]
        + bytes(255 - b for b in content[middle : middle + 9])
        + content[middle + 9 :]
    )


@pytest.mark.parametrize(
    "damage",
    [damage_half, damage_bits, lambda content: b"", lambda content: b"\x93NUMPY" + content[6:]],
    ids=["truncated", "flipped", "empty", "another kind"],
)
def test_a_damaged_checkpoint_is_named_and_touches_nothing(photos, tmp_path, damage):
    model = new_classifier()
    Checkpoints(tmp_path, model).save(4, [])
    path = tmp_path / "step-00000004.npz"
    path.write_bytes(damage(path.read_bytes()))
    before = state(model)

    with pytest.raises(UserError, match=f"checkpoint {path} is damaged; delete it") as refused:
        train(model, classifier_batches(photos), tmp_path)

    assert "\n" not in str(refused.value)
    assert_equal_states(state(model), before)


def test_a_checkpoint_that_cannot_be_read_now_is_not_called_damaged(tmp_path):
    (tmp_path / "step-00000004.npz").mkdir()
    with pytest.raises(UserError, match=r"04\.npz cannot be read: Is a directory; when") as refused:
        Checkpoints(tmp_path, new_classifier()).restore()
    assert "delete" not in str(refused.value)


@pytest.mark.parametrize(
    ("step", "history"), [(-3, []), (4, {"loss": 1.0}), (4, [["loss", 1.0]]), (4, [{"loss": "1"}])]
)
def test_a_checkpoint_with_a_wrong_step_or_history_is_damaged(tmp_path, step, history):
    model = new_classifier()
    Checkpoints(tmp_path, model).save(step, history)
    with pytest.raises(UserError, match=r"is damaged; delete it"):
        Checkpoints(tmp_path, model).restore()


@pytest.mark.parametrize(("saved", "loaded"), [(4, 5), (5, 4)])
def test_a_checkpoint_of_another_model_is_refused(tmp_path, saved, loaded):
    def model_of(layers):
        model = keras.Sequential([keras.Input((2,))])
        for _ in range(layers):
            model.add(keras.layers.Dense(2))
        model.compile(keras.optimizers.SGD(), "mse")
        model.optimizer.build(model.trainable_variables)
        return model

    Checkpoints(tmp_path, model_of(saved)).save(1, [])

    with pytest.raises(UserError, match=r"step-00000001\.npz is of another model"):
        Checkpoints(tmp_path, model_of(loaded)).restore()


def test_a_failing_save_keeps_the_checkpoints_there_are(tmp_path, monkeypatch):
    model = new_classifier()
    checkpoints = Checkpoints(tmp_path, model)
    checkpoints.save(1, [])

    def full_disk(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full_disk)
    with pytest.raises(UserError, match="No space left on device"):
        checkpoints.save(2, [])
    assert [f.name for f in tmp_path.iterdir()] == ["step-00000001.npz"]


def test_half_precision_variables_are_kept(tmp_path):
    def model_of(start):
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2, dtype="bfloat16")])
        model.compile(keras.optimizers.SGD(), "mse")
        model.optimizer.build(model.trainable_variables)
        for variable in model.trainable_variables:
            variable.assign(np.full(variable.shape, start))
        return model

    Checkpoints(tmp_path, model_of(0.7)).save(1, [])
    other = model_of(0.1)
    Checkpoints(tmp_path, other).restore()
    assert_equal_states(state(other), state(model_of(0.7)))


class Diverging(keras.Model):
    """A model whose loss, or whose weight only, is no number from a given step on."""

    def __init__(self, *, loss_from=10**6, weight_from=10**6):
        super().__init__()
        self.loss_from, self.weight_from = loss_from, weight_from
        self.weight = self.add_weight(shape=(), initializer="zeros")
        self.mean = keras.metrics.Mean(name="the_loss")
        self.built = True

    def train_step(self, data):
        self.weight.assign_add(1.0)
        nan = tf.constant(float("nan"))
        loss = tf.where(self.weight >= self.loss_from, nan, 1.0)
        self.weight.assign(tf.where(self.weight >= self.weight_from, nan, self.weight))
        self.mean.update_state(loss)
        return {"the_loss": self.mean.result()}


def number_batches(first_step, count):
    return tf.data.Dataset.from_tensors(np.zeros((1, 1), np.float32)).repeat(count)


def run_diverging(folder, steps=STEPS, **settings):
    model = Diverging(**settings)
    model.compile(optimizer="sgd")
    model.optimizer.build(model.trainable_variables)
    train(model, number_batches, folder, steps=steps)


@pytest.mark.parametrize(
    ("settings", "named", "good"),
    [
        ({"loss_from": 6}, "the_loss", 4),  # Within a round of 4.
        ({"loss_from": 8}, "the_loss", 4),  # At its last step.
        ({"loss_from": 10}, "the_loss", 8),  # At the last step of all, in a shorter round.
        ({"weight_from": 8}, "a weight", 4),  # By an update after the last metrics.
        ({"weight_from": 10}, "a weight", 8),
    ],
)
def test_divergence_stops_with_the_last_good_checkpoint(tmp_path, settings, named, good):
    path = tmp_path / f"step-{good:08d}.npz"
    with pytest.raises(UserError, match=f"{named} is no longer a finite number") as stopped:
        run_diverging(tmp_path, **settings)

    assert str(path) in str(stopped.value)
    assert max(tmp_path.iterdir()) == path
    model = Diverging()
    model.compile(optimizer="sgd")
    model.optimizer.build(model.trainable_variables)
    assert Checkpoints(tmp_path, model).restore()[0] == good
    assert float(model.weight) == good


def test_divergence_before_the_first_checkpoint_says_so(tmp_path):
    with pytest.raises(UserError, match="checkpoint is none yet"):
        run_diverging(tmp_path, loss_from=2)


def test_a_long_round_is_not_waited_for(tmp_path):
    seen = []

    def batches(first_step, count):
        return number_batches(first_step, count).map(
            lambda x: tf.numpy_function(lambda y: (seen.append(1), y)[1], [x], tf.float32)
        )

    model = Diverging(loss_from=1)
    model.compile(optimizer="sgd")
    with pytest.raises(UserError, match="the_loss"):
        fit_resumably(
            model, batches, title="test", steps=5000, steps_per_round=5000, checkpoints=tmp_path
        )
    assert len(seen) < 100


class CtrlCAt(keras.callbacks.Callback):
    """What the terminal does when somebody presses Ctrl-C."""

    def __init__(self, step, times=1):
        super().__init__()
        self.steps_left, self.times = step, times

    def on_train_batch_begin(self, batch, logs=None):
        self.steps_left -= 1
        if self.steps_left == 0:
            for _ in range(self.times):
                signal.raise_signal(signal.SIGINT)


@pytest.fixture
def at_a_terminal():
    """Ctrl-C as it is there; a shell has what it starts in the background ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("at_a_terminal")
@pytest.mark.parametrize(
    ("uninterrupted", "pressed_at"),
    [
        ("classifier", 4),
        *(pytest.param("classifier", step, marks=pytest.mark.long) for step in (2, 6, 10)),
        pytest.param("cyclegan", 6, marks=pytest.mark.long),
    ],
    indirect=["uninterrupted"],
)
def test_ctrl_c_saves_the_step_and_the_training_goes_on_from_it(
    uninterrupted, pressed_at, tmp_path, capfd
):
    new_model, batches, _, expected_history, expected = uninterrupted
    with pytest.raises(KeyboardInterrupt, match=f"test: step {pressed_at} of 10 is saved"):
        train(new_model(), batches, tmp_path, callbacks=[CtrlCAt(pressed_at)])
    assert "stopping after this step, to save it" in capfd.readouterr().err
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

    steps = KillAt(10**6)
    resumed = new_model()
    history = train(resumed, batches, tmp_path, callbacks=[steps])
    assert 10**6 - steps.steps_left == STEPS - pressed_at
    assert_equal_states(state(resumed), expected)
    assert [row["step"] for row in history] == [row["step"] for row in expected_history]


@pytest.mark.usefixtures("at_a_terminal")
def test_a_second_ctrl_c_does_not_wait(photos, tmp_path):
    with pytest.raises(KeyboardInterrupt) as stopped:
        train(
            new_classifier(), classifier_batches(photos), tmp_path, callbacks=[CtrlCAt(6, times=2)]
        )
    assert str(stopped.value) == ""
    assert max(tmp_path.iterdir()).name == "step-00000004.npz"


@pytest.mark.usefixtures("at_a_terminal")
def test_a_training_that_is_fed_by_a_generator_goes_on_within_a_round(tmp_path):
    def batches(first_step, count):
        return (
            (np.full((1, 1), step, np.float32),) for step in range(first_step, first_step + count)
        )

    class Summing(Diverging):
        def train_step(self, data):
            self.weight.assign_add(tf.reshape(data[0], ()))
            return {"the_loss": tf.constant(1.0)}

    def summed(callbacks=()):
        model = Summing()
        model.compile(optimizer="sgd")
        model.optimizer.build(model.trainable_variables)
        train(model, batches, tmp_path, callbacks=callbacks)
        return float(model.weight)

    with pytest.raises(KeyboardInterrupt):
        summed([CtrlCAt(6)])
    assert summed() == sum(range(STEPS))
