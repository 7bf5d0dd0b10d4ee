"""What a Keras user expects of both transformation models: compile, fit, evaluate, save, load."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from test_cyclegan import build as cyclegan
from test_hardened import build as hardened

from tfppdnn.models import unet, vgg13_bn, vgg16_relu1_2
from tfppdnn.protection import CycleGAN

BUILDERS = {"cyclegan": cyclegan, "hardened": hardened}
COUNT, BATCH = 7, 3  # Batches of 3, 3 and 1.


@pytest.fixture(params=BUILDERS)
def build(request):
    def build(**settings):
        model = BUILDERS[request.param](**settings)
        model.run_eagerly = True  # Graphs cost more than the few steps here.
        return model

    return build


@pytest.fixture(scope="module")
def pairs():
    rng = np.random.default_rng(0)
    images, protected = rng.random((2, COUNT, 32, 32, 3), np.float32)
    labels, protected_labels = rng.integers(0, 3, (2, COUNT))
    return (images, labels), (protected, protected_labels)


def state(model):
    metrics = {id(variable) for variable in model.metrics_variables}
    owners = [model, *model.optimizers]
    variables = [v for owner in owners for v in owner.variables if id(v) not in metrics]
    return [keras.ops.convert_to_numpy(variable) for variable in variables]


def assert_equal_states(first, second):
    for ours, theirs in zip(state(first), state(second), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def weights_changed(before, model):
    return any((a != b).any() for a, b in zip(before, model.protector.get_weights(), strict=True))


def rates_and_kinds(model):
    return [(type(each).__name__, float(each.learning_rate)) for each in model.optimizers]


@pytest.mark.slow
def test_any_optimizer_or_its_name_will_do(build):
    model = build()
    assert isinstance(model.optimizer, keras.optimizers.Adam)

    model.compile(optimizer=keras.optimizers.SGD(0.25, momentum=0.5))
    assert set(rates_and_kinds(model)) == {("SGD", 0.25)}
    assert all(each.momentum == 0.5 for each in model.optimizers)
    assert len({id(each) for each in model.optimizers}) == len(model.optimizers)

    model.compile(optimizer="rmsprop")
    assert {kind for kind, _ in rates_and_kinds(model)} == {"RMSprop"}


@pytest.mark.slow
def test_each_of_them_may_have_an_optimizer_of_its_own():
    model = cyclegan()
    model.compile(optimizer="adam", discriminators_optimizer=keras.optimizers.SGD(0.5))
    assert rates_and_kinds(model) == [("Adam", pytest.approx(1e-3)), ("SGD", 0.5)]

    model = hardened()
    model.compile(optimizer="adam", discriminator_optimizer=keras.optimizers.SGD(0.5))
    kinds = [("Adam", pytest.approx(1e-3)), ("Adam", pytest.approx(1e-3)), ("SGD", 0.5)]
    assert rates_and_kinds(model) == kinds


@pytest.mark.long
def test_a_saved_model_goes_on_as_if_never_stopped(build, pairs, tmp_path):
    (x, y), (x_p, y_p) = pairs
    schedule = keras.optimizers.schedules.CosineDecay(0.01, 5)
    model = build()
    model.compile(optimizer=keras.optimizers.Adam(schedule), run_eagerly=True)

    def two_steps(model):
        model.fit((x[:6], y[:6]), (x_p[:6], y_p[:6]), batch_size=3, shuffle=False, verbose=0)

    two_steps(model)
    model.save(tmp_path / "model.keras")
    keras.utils.set_random_seed(99)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert_equal_states(loaded, model)

    two_steps(model)
    two_steps(loaded)
    assert_equal_states(loaded, model)
    assert int(loaded.optimizers[-1].iterations) == 4


@pytest.mark.slow
def test_a_file_can_be_loaded_without_its_optimizers(build, pairs, tmp_path):
    model = build()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras", compile=False)
    images = pairs[0][0]
    np.testing.assert_array_equal(loaded(images), model(images))


@pytest.mark.slow
def test_the_configuration_makes_an_equal_model(build):
    model = build()
    again = type(model).from_config(model.get_config())
    assert again.get_config() == model.get_config()
    shapes = [variable.shape for variable in model.variables]
    assert [variable.shape for variable in again.variables] == shapes
    assert not {id(v) for v in again.variables} & {id(v) for v in model.variables}
    again.set_weights(model.get_weights())
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(again(images), model(images))


@pytest.mark.slow
def test_settings_and_the_mean_image_are_kept():
    model = hardened(hiding_weight=3.5)
    again = type(model).from_config(model.get_config())
    np.testing.assert_array_equal(again.mean_image, model.mean_image)
    assert again.hiding_weight == 3.5
    model = cyclegan(gamma=(-2.0, 0.1, 0.2), perceptual_cap=None)
    again = type(model).from_config(model.get_config())
    assert (again.gamma, again.perceptual_cap) == ((-2.0, 0.1, 0.2), None)


@pytest.mark.slow
def test_features_of_their_own_are_saved_with_their_weights(tmp_path):
    model, rng = cyclegan(), np.random.default_rng(0)
    shapes = {"kernel": [(3, 3, 3, 64), (3, 3, 64, 64)], "bias": [(64,), (64,)]}
    arrays = {
        f"block1_conv{i + 1}/{part}": rng.normal(size=shape[i], scale=0.05).astype(np.float32)
        for part, shape in shapes.items()
        for i in range(2)
    }
    names = ("protector", "restorer", "plain_discriminator", "protected_discriminator")
    model = CycleGAN(
        **{name: getattr(model, name) for name in (*names, "reference_classifier")},
        features=vgg16_relu1_2(arrays),
    )
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = rng.random((1, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(loaded.features(images), model.features(images))


def test_features_may_be_named_by_their_layer():
    given = cyclegan()
    classifier = vgg13_bn(num_classes=3, width=0.05)
    relus = [layer for layer in classifier.layers if isinstance(layer, keras.layers.ReLU)]
    names = ("protector", "restorer", "plain_discriminator", "protected_discriminator")
    model = CycleGAN(
        **{name: getattr(given, name) for name in names},
        reference_classifier=classifier,
        features=relus[1].name,
    )
    expected = keras.Model(classifier.input, relus[1].output)
    images = np.random.default_rng(0).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(model.features(images), expected(images))


@pytest.mark.long
@pytest.mark.parametrize("known", [True, False])
def test_every_pair_is_seen_the_last_short_batch_too(build, pairs, known):
    model = build()
    before = model.protector.get_weights()
    if known:
        history = model.fit(*pairs, batch_size=BATCH, verbose=0).history
    else:
        model.run_eagerly = False  # A graph, in which the batch's size is unknown.
        batches = tf.data.Dataset.from_tensor_slices(pairs).batch(BATCH)
        history = model.fit(batches, shuffle=False, verbose=0).history
    assert int(model.protected_pool.filled) == min(COUNT, model.pool_size)
    assert int(model.optimizer.iterations) == 3
    assert all(np.isfinite(values).all() for values in history.values())
    assert all(np.isfinite(weights).all() for weights in model.get_weights())
    assert weights_changed(before, model)


@pytest.mark.slow
def test_evaluating_reports_what_fitting_does_and_changes_nothing(build, pairs):
    model = build()
    before = state(model)
    tested = model.evaluate(*pairs, batch_size=BATCH, return_dict=True, verbose=0)
    assert all(np.isfinite(value) for value in tested.values())
    for old, new in zip(before, state(model), strict=True):
        np.testing.assert_array_equal(old, new)
    fitted = model.fit(*pairs, batch_size=COUNT - 1, verbose=0).history
    assert fitted.keys() == tested.keys()


def test_predicting_protects(build, pairs):
    model, images = build(), pairs[0][0]
    np.testing.assert_allclose(
        model.predict(images, batch_size=BATCH, verbose=0), model.protector(images), atol=1e-5
    )


@pytest.mark.long
def test_one_compiled_step_by_xla(pairs):
    model = cyclegan()
    before = model.protector.get_weights()
    model.compile(jit_compile=True)
    history = model.fit(*pairs, batch_size=COUNT, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert weights_changed(before, model)


@pytest.mark.long
def test_one_step_of_the_hardened_objective_compiled_by_xla(pairs):
    model = hardened()
    before = model.protector.get_weights()
    model.compile(jit_compile=True)
    history = model.fit(
        *[(x[:BATCH], y[:BATCH]) for x, y in pairs], batch_size=BATCH, verbose=0
    ).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert weights_changed(before, model)


@pytest.mark.slow
def test_one_step_in_half_precision(build, pairs, tmp_path):
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build()
    finally:
        keras.config.set_dtype_policy("float32")
    assert model.protector.layers[-2].variable_dtype == "float32"
    assert any(layer.compute_dtype == "bfloat16" for layer in model.protector.layers)
    before = model.protector.get_weights()
    history = model.fit(*pairs, batch_size=COUNT - 1, verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert weights_changed(before, model)

    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert_equal_states(loaded, model)
    assert loaded.dtype_policy.name == "mixed_bfloat16"


def test_a_network_s_name_is_the_function_and_its_module_is_still_found():
    import tfppdnn.models.unet as by_path
    from tfppdnn.models.unet import unet as from_module

    assert unet is from_module
    assert by_path is unet  # `import a.b as c` asks the package.


@pytest.mark.slow
def test_a_configuration_is_good_for_more_than_one_model(build):
    config = build().get_config()
    first, second = (type(build()).from_config(config) for _ in range(2))
    assert [v.shape for v in first.variables] == [v.shape for v in second.variables]


@pytest.mark.slow
def test_a_short_last_batch_counts_for_as_many_images_as_it_has(pairs):
    """What is a mean over images is the same in one batch and in three."""
    model = BUILDERS["cyclegan"]()
    whole, parts = (
        model.evaluate(*pairs, batch_size=size, verbose=0, return_dict=True)
        for size in (COUNT, COUNT // 2)
    )
    for name in ("classification", "reconstruction", "accuracy"):
        assert parts[name] == pytest.approx(whole[name], rel=1e-4), name


def test_what_is_no_two_pairs_is_answered_with_what_is_wanted(build, pairs):
    model = build()
    model.compile()
    for learn in (model.fit, model.evaluate):
        with pytest.raises(ValueError, match=r"batches \(\(x, y\), \(x_p, y_p\)\)"):
            learn(*pairs[0], verbose=0)
