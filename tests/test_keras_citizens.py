"""Both objectives' models are compiled, fitted, evaluated, saved and loaded as Keras's own are."""

import subprocess
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.models import bottleneck, hourglass, patchgan, unet, vgg13_bn
from tfppdnn.models.perceptual import perceptual_features
from tfppdnn.protection import CycleGAN, HardenedProtector

SHIPPED = Path(__file__).parent.parent / "tfppdnn/shipped/cifar10/protector.keras"


def cyclegan(features="reference", **compiled):
    classifier = vgg13_bn(num_classes=3, width=0.03)
    model = CycleGAN(
        protector=unet(base_width=2, depth=2, name="protector"),
        restorer=unet(base_width=2, depth=2, name="restorer"),
        plain_discriminator=patchgan(base_width=2, strided_layers=1),
        protected_discriminator=patchgan(base_width=2, strided_layers=1),
        reference_classifier=classifier,
        features=perceptual_features(features, reference_classifier=classifier).model,
        pool_size=4,
    )
    model.compile(**compiled)
    return model


def hardened(**compiled):
    model = HardenedProtector(
        protector=bottleneck(code_size=4, encoder_width=0.03, decoder_width=2),
        restorer=hourglass(base_width=2, waist=8),
        protected_discriminator=patchgan(base_width=2, strided_layers=1),
        reference_classifier=vgg13_bn(num_classes=3, width=0.03),
        mean_image=np.full((32, 32, 3), 0.4, np.float32),
        pool_size=4,
    )
    model.compile(**compiled)
    return model


MODELS = {"cyclegan": cyclegan, "hardened": hardened}


@pytest.fixture(params=MODELS)
def build(request):
    keras.utils.set_random_seed(0)
    return MODELS[request.param]


def batches(count=7, batch_size=4):
    """Of both domains, zipped; the last one is short."""
    rng = np.random.default_rng(0)
    domains = [
        tf.data.Dataset.from_tensor_slices(
            (rng.random((count, 32, 32, 3), np.float32), rng.integers(0, 3, count))
        ).batch(batch_size)
        for _ in range(2)
    ]
    return tf.data.Dataset.zip(tuple(domains))


def test_any_batched_data_set_is_fitted_and_evaluated_the_short_last_batch_too(build):
    model = build(optimizer="adam")
    before = [weight.copy() for weight in model.protector.get_weights()]
    history = model.fit(batches(), epochs=2, verbose=0).history
    assert all(np.isfinite(values).all() and len(values) == 2 for values in history.values())
    assert any((a != b).any() for a, b in zip(before, model.protector.get_weights(), strict=True))
    figures = model.evaluate(batches(), verbose=0, return_dict=True)
    assert 0 <= figures["accuracy"] <= 1
    images = np.random.default_rng(1).random((5, 32, 32, 3), np.float32)
    made = model.predict(images, batch_size=4, verbose=0)
    np.testing.assert_allclose(made, np.asarray(model.protector(images)), atol=1e-5)


def test_any_optimizer_is_taken_and_the_others_are_like_it(build):
    model = build(optimizer=keras.optimizers.SGD(0.125, momentum=0.5))
    assert len({id(optimizer) for optimizer in model.optimizers}) == len(model.optimizers) > 1
    for optimizer in model.optimizers:
        assert isinstance(optimizer, keras.optimizers.SGD)
        assert float(optimizer.learning_rate) == 0.125
    usual = build()
    for optimizer in usual.optimizers:
        assert isinstance(optimizer, keras.optimizers.Adam)
        assert float(optimizer.learning_rate) == pytest.approx(2e-4)
        assert optimizer.beta_1 == 0.5


@pytest.mark.slow
def test_a_saved_model_goes_on_as_if_it_had_not_been_saved(build, tmp_path):
    model = build(optimizer=keras.optimizers.Adam(1e-3, 0.5))
    model.fit(batches(), shuffle=False, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")

    assert type(loaded) is type(model)
    for one in (model, loaded):
        one.fit(batches(), epochs=2, shuffle=False, verbose=0)
    for ours, theirs in zip(model.optimizers, loaded.optimizers, strict=True):
        for one, other in zip(ours.variables, theirs.variables, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-4, err_msg=one.path)
    for one, other in zip(model.variables, loaded.variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-4, err_msg=one.path)


def test_a_configuration_makes_an_equal_model(build):
    model = build()
    other = type(model).from_config(model.get_config())
    assert [v.shape for v in other.variables] == [v.shape for v in model.variables]
    ours, theirs = model.get_config(), other.get_config()
    assert ours.keys() == theirs.keys()
    settings = {name for name, value in ours.items() if not isinstance(value, dict)}
    assert len(settings) > 5
    assert {name: ours[name] for name in settings} == {name: theirs[name] for name in settings}
    other.set_weights(model.get_weights())
    images = np.random.default_rng(1).random((2, 32, 32, 3), np.float32)
    np.testing.assert_array_equal(other(images), model(images))


def test_features_that_are_no_part_of_the_classifier_are_saved_too(tmp_path):
    from tfppdnn.models.perceptual import vgg16_relu1_2

    rng = np.random.default_rng(0)
    arrays = {}
    for number, channels in ((1, 3), (2, 64)):
        kernel = rng.normal(0, 0.1, (3, 3, channels, 64)).astype(np.float32)
        arrays[f"block1_conv{number}/kernel"] = kernel
        arrays[f"block1_conv{number}/bias"] = rng.normal(size=64).astype(np.float32)
    classifier = vgg13_bn(num_classes=3, width=0.03)
    networks = {name: unet(base_width=2, depth=2, name=name) for name in ("protector", "restorer")}
    model = CycleGAN(
        **networks,
        plain_discriminator=patchgan(base_width=2, strided_layers=1),
        protected_discriminator=patchgan(base_width=2, strided_layers=1),
        reference_classifier=classifier,
        features=vgg16_relu1_2(arrays),
    )
    model.compile()
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    images = rng.random((1, 32, 32, 3), np.float32)
    np.testing.assert_allclose(loaded.features(images), model.features(images), rtol=1e-5)


@pytest.mark.slow
def test_steps_are_compiled_by_xla(build):
    model = build(optimizer="adam", jit_compile=True)
    before = [weight.copy() for weight in model.protector.get_weights()]
    history = model.fit(batches(4), verbose=0).history
    assert all(np.isfinite(values).all() for values in history.values())
    assert any((a != b).any() for a, b in zip(before, model.protector.get_weights(), strict=True))


@pytest.mark.slow
def test_steps_are_made_in_bfloat16(build):
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = build(optimizer="adam")
        before = [weight.copy() for weight in model.protector.get_weights()]
        history = model.fit(batches(4), verbose=0).history
    finally:
        keras.config.set_dtype_policy(policy)
    assert any(layer.compute_dtype == "bfloat16" for layer in model.protector.layers)
    assert all(np.isfinite(values).all() for values in history.values())
    assert any((a != b).any() for a, b in zip(before, model.protector.get_weights(), strict=True))


@pytest.mark.parametrize("imports", ["import tfppdnn, keras", "import keras, tfppdnn"])
def test_keras_loads_a_shipped_file_when_tfppdnn_is_imported(imports):
    code = f"{imports}; keras.models.load_model({str(SHIPPED)!r})"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_importing_tfppdnn_imports_neither_keras_nor_tensorflow():
    code = "import sys, tfppdnn; assert not {'keras', 'tensorflow'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], check=True)
