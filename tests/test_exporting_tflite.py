import gc
import subprocess
import sys
from functools import lru_cache

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from exporting_samples import (
    assert_same_pixels,
    photographs,
    protected_by_hand,
    tiny_protector,
)
from tensorflow.lite.python import schema_py_generated as schema
from tensorflow.lite.tools import flatbuffer_utils

from tfppdnn.exporting import tflite
from tfppdnn.exporting.half import round_weights_to_half
from tfppdnn.models.bottleneck import bottleneck
from tfppdnn.models.layers import InstanceNormalization

SIZES = [(1, 1), (5, 3), (31, 33), (96, 96)]


@lru_cache
def model_of(norm):
    model = tiny_protector(norm, depth=2)
    round_weights_to_half(model)
    return model


@lru_cache
def code_model():
    """Like the protector that ships: the image is averaged down, the picture enlarged."""
    keras.utils.set_random_seed(0)
    model = bottleneck(code_size=4, code_levels=4, encoder_width=0.1, decoder_width=4)
    for _ in range(20):
        model(photographs(count=8, height=32, width=32) / np.float32(255), training=True)
    return model


@lru_cache
def wide():
    """A model most of whose file is kernels, and that file."""
    model = tiny_protector("instance", base_width=24, depth=2)
    return model, tflite.float32_tflite(model)


@lru_cache
def file_of(norm, kind):
    make = {
        "float32": tflite.float32_tflite,
        "float16": lambda model: tflite.float16_tflite(tflite.float32_tflite(model)),
        "int8": lambda model: tflite.int8_tflite(model, photographs(count=50)),
    }[kind]
    return make(model_of(norm))


def run(content, images):
    interpreter = Interpreter(model_content=content)
    inlet, outlet = interpreter.get_input_details()[0], interpreter.get_output_details()[0]
    interpreter.resize_tensor_input(inlet["index"], (1, *images.shape[1:]))
    interpreter.allocate_tensors()
    protected = []
    for image in images:
        interpreter.set_tensor(inlet["index"], image[np.newaxis])
        interpreter.invoke()
        protected.append(interpreter.get_tensor(outlet["index"])[0])
    return np.stack(protected)


@pytest.mark.parametrize(
    ("kind", "norm"),
    [
        ("float32", "instance"),
        *(
            pytest.param(*others, marks=pytest.mark.slow)
            for others in [
                ("float32", "batch"),
                ("float16", "instance"),
                ("float16", "batch"),
                ("int8", "instance"),
                ("int8", "batch"),
            ]
        ),
    ],
)
def test_takes_and_gives_bytes_of_one_image_of_any_size(norm, kind):
    interpreter = Interpreter(model_content=file_of(norm, kind))
    [inlet], [outlet] = interpreter.get_input_details(), interpreter.get_output_details()
    assert inlet["dtype"] == outlet["dtype"] == np.uint8
    assert list(inlet["shape_signature"]) == list(outlet["shape_signature"]) == [1, -1, -1, 3]
    assert interpreter.get_signature_list() == {
        "serving_default": {"inputs": ["image"], "outputs": ["protected"]}
    }


@pytest.mark.parametrize(
    ("norm", "kind"),
    [
        ("instance", "float32"),
        ("batch", "float16"),
        pytest.param("instance", "float16", marks=pytest.mark.slow),
        pytest.param("batch", "float32", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("height, width", SIZES)
def test_pixels_of_any_size_are_those_of_keras(norm, kind, height, width):
    images = photographs(count=2, height=height, width=width)
    expected = protected_by_hand(model_of(norm), images)
    assert_same_pixels(run(file_of(norm, kind), images), expected)


@pytest.mark.slow
@pytest.mark.parametrize("norm, mean", [("instance", 2.0), ("batch", 4.0)])
@pytest.mark.parametrize("height, width", SIZES[2:])
def test_int8_stays_near_keras(norm, mean, height, width):
    images = photographs(count=4, height=height, width=width)
    levels = run(file_of(norm, "int8"), images).astype(int) - protected_by_hand(
        model_of(norm), images
    )
    assert np.abs(levels).mean() < mean


def operators(content):
    """Yields the code of each operator, and the first tensor that it makes."""
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(content))
    [graph] = model.subgraphs
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex].builtinCode
        yield code, graph.tensors[operator.outputs[0]]


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: model_of("batch"), code_model])
def test_batch_normalization_is_computed_in_integers(make):
    made = list(operators(tflite.int8_tflite(make(), photographs(count=5))))
    types = {code: {tensor.type for other, tensor in made if other == code} for code, _ in made}
    code, kind = schema.BuiltinOperator, schema.TensorType
    assert types[code.CONV_2D] == types[code.LOGISTIC] == {kind.INT8}
    assert types.get(code.BATCH_MATMUL, {kind.FLOAT32}) == {kind.FLOAT32}
    # Nothing that is as large as the image is rounded back and forth on its way in.
    first = [tensor.type for _, tensor in made[:2]]
    assert first == [kind.FLOAT32, kind.FLOAT32]


@pytest.mark.slow
def test_int8_averages_images_down_at_any_size():
    content = tflite.int8_tflite(code_model(), photographs(count=50))
    images = photographs(count=4)
    large = images.repeat(7, axis=1).repeat(5, axis=2)
    expected = run(content, images)
    assert expected.std(axis=0).max() > 0
    np.testing.assert_array_equal(run(content, large), expected.repeat(7, axis=1).repeat(5, axis=2))


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: model_of("instance"), code_model])
def test_what_grows_with_the_image_has_fast_kernels(make):
    """LiteRT has none for integers of two axes and more, nor to slice by computed bounds."""
    arithmetic = {
        getattr(schema.BuiltinOperator, name) for name in ("MAXIMUM", "MINIMUM", "SUB", "DIV")
    }
    for code, made in operators(tflite.float32_tflite(make())):
        if len(made.shape) > 1:
            assert code not in arithmetic or made.type == schema.TensorType.FLOAT32
            assert code != schema.BuiltinOperator.STRIDED_SLICE or len(made.shape) < 4


@pytest.mark.slow
def test_float16_is_half_the_file():
    model, float32 = wide()
    float16 = tflite.float16_tflite(float32)
    kernels = sum(w.numpy().nbytes for w in model.weights if len(w.shape) == 4)
    assert len(float32) - len(float16) > 0.45 * kernels


def test_rounding_to_half_scales_a_bias_with_its_kernel():
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            keras.layers.Conv2D(4, 3, bias_initializer="random_normal"),
            keras.layers.BatchNormalization(),
        ]
    )
    images = photographs().astype(np.float32) / 255
    model(images, training=True)  # Statistics that are not 0 and 1.
    before = np.asarray(model(images))
    round_weights_to_half(model)
    np.testing.assert_allclose(model(images), before, atol=0.01)


@pytest.mark.parametrize("norm", ["instance", "batch"])
def test_rounding_to_half_gives_kernels_that_float16_holds_and_nearly_the_same_network(norm):
    model = tiny_protector(norm)
    images = photographs().astype(np.float32) / 255
    before = np.asarray(model(images))
    round_weights_to_half(model)
    kernels = [weight.numpy() for weight in model.weights if len(weight.shape) == 4]
    for kernel in kernels:
        np.testing.assert_array_equal(kernel, kernel.astype(np.float16).astype(np.float32))
    np.testing.assert_allclose(model(images), before, atol=0.02)
    assert not np.array_equal(model(images), before)

    # Once is enough.
    once = model.get_weights()
    round_weights_to_half(model)
    for old, new in zip(once, model.get_weights(), strict=True):
        np.testing.assert_array_equal(new, old)


@pytest.mark.slow
def test_browser_file_has_fixed_sizes_and_one_copy_of_the_weights():
    model, one = wide()
    content = tflite.web_tflite(model)
    kernels = sum(weight.numpy().nbytes for weight in model.weights)
    assert len(content) < len(one) + kernels / 2

    interpreter = Interpreter(model_content=content)
    assert set(interpreter.get_signature_list()) == {
        f"protect_{size}" for size in (32, 64, 96, 224)
    }
    for size in (32, 64, 96, 224):
        images = photographs(count=1, height=size, width=size)
        protect = interpreter.get_signature_runner(f"protect_{size}")
        assert list(protect.get_input_details()["image"]["shape_signature"]) == [1, size, size, 3]
        protected = protect(image=images)["protected"]
        assert_same_pixels(protected, protected_by_hand(model, images))


def test_runs_where_there_is_no_tensorflow(tmp_path):
    images = photographs(count=1, height=31, width=33)
    np.save(tmp_path / "images.npy", images)
    (tmp_path / "protector.tflite").write_bytes(file_of("instance", "float32"))
    program = (
        "import sys\n"
        "for name in ('tensorflow', 'keras', 'tfppdnn'): sys.modules[name] = None\n"
        "import numpy as np\n"
        "from ai_edge_litert.interpreter import Interpreter\n"
        "images = np.load('images.npy')\n"
        "interpreter = Interpreter('protector.tflite')\n"
        "index = interpreter.get_input_details()[0]['index']\n"
        "interpreter.resize_tensor_input(index, images.shape)\n"
        "protect = interpreter.get_signature_runner()\n"
        "np.save('protected', protect(image=images)['protected'])\n"
    )
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=True)
    protected = np.load(tmp_path / "protected.npy")
    assert_same_pixels(protected, protected_by_hand(model_of("instance"), images))


def test_instance_normalization_is_that_of_keras():
    images = np.random.default_rng(0).normal(3, 2, (2, 9, 7, 5)).astype("float32")
    ours, theirs = InstanceNormalization(), keras.layers.GroupNormalization(-1, epsilon=1e-5)
    for layer in (ours, theirs):
        layer.build(images.shape)
        layer.set_weights([np.linspace(0.5, 2, 5), np.linspace(-1, 1, 5)])
    np.testing.assert_allclose(ours(images), theirs(images), atol=1e-5)


def test_a_conversion_does_not_look_through_what_was_there_before():
    function = tf.function(lambda image: {"half": image / 2})
    signatures = {"serving_default": (function, [tf.TensorSpec([1], tf.float32, name="image")])}
    before, frozen = gc.get_freeze_count(), []

    def convert(converter):
        frozen.append(gc.get_freeze_count())
        return converter.convert()

    tflite.as_tflite(signatures, convert=convert)

    assert frozen[0] > before + 10_000
    assert gc.get_freeze_count() == 0
