import io
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from exporting_samples import photographs
from PIL import Image

from tfppdnn.exporting.classifier import export_classifier

NAMES = ["cat", "dög", "a frog", "ship"]


@pytest.fixture(scope="module")
def model():
    keras.utils.set_random_seed(0)
    return keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            keras.layers.Conv2D(8, 3, use_bias=False),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Conv2D(8, 3),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ]
    )


@pytest.fixture(scope="module")
def directory(model, tmp_path_factory):
    directory = tmp_path_factory.mktemp("export") / "classifier"
    export_classifier(model, NAMES, directory, image_size=16)
    return directory


@pytest.fixture(scope="module")
def loaded(directory):
    return tf.saved_model.load(directory)


def expected_answers(model, images):
    logits = np.asarray(model(images / np.float32(255), training=False), np.float64)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities, probabilities.argmax(axis=1)


def assert_answers(answers, probabilities, class_id, *, atol=1e-5):
    assert set(answers) == {"probabilities", "class_id", "label"}
    assert answers["probabilities"].dtype == tf.float32
    assert answers["class_id"].dtype == tf.int64
    np.testing.assert_allclose(answers["probabilities"], probabilities, atol=atol)
    np.testing.assert_array_equal(answers["class_id"], class_id)
    assert [name.decode() for name in answers["label"].numpy()] == [NAMES[i] for i in class_id]


def png(image, kind="PNG"):
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind)
    return buffer.getvalue()


def test_signatures_are_the_contract(loaded):
    assert set(loaded.signatures) == {"serving_default", "encoded"}
    assert loaded.signatures["serving_default"].structured_input_signature[1] == {
        "image": tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")
    }
    assert loaded.signatures["encoded"].structured_input_signature[1] == {
        "image_bytes": tf.TensorSpec([None], tf.string, name="image_bytes")
    }


def test_answers_are_those_of_keras(model, loaded):
    images = photographs(count=20, height=16, width=16)
    probabilities, class_id = expected_answers(model, images)
    assert len(set(class_id)) > 1
    assert_answers(
        loaded.signatures["serving_default"](image=tf.constant(images)), probabilities, class_id
    )
    files = tf.constant([png(image) for image in images])
    assert_answers(loaded.signatures["encoded"](image_bytes=files), probabilities, class_id)


def test_images_of_other_sizes_are_resized_as_pillow_does(model, loaded):
    images = [
        photographs(count=1, height=height, width=width)[0]
        for height, width in [(16, 16), (64, 48), (7, 9), (33, 16)]
    ]
    resized = np.stack(
        [
            np.asarray(Image.fromarray(image).resize((16, 16), Image.Resampling.BILINEAR))
            for image in images
        ]
    )
    probabilities, class_id = expected_answers(model, resized)
    files = tf.constant([png(image) for image in images])
    answers = loaded.signatures["encoded"](image_bytes=files)
    assert_answers(answers, probabilities, class_id, atol=0.02)
    one = loaded.signatures["serving_default"](image=tf.constant(images[1][np.newaxis]))
    np.testing.assert_allclose(one["probabilities"][0], answers["probabilities"][1], atol=1e-5)


def test_no_images_give_no_answers(loaded):
    for answers in (
        loaded.signatures["serving_default"](image=tf.zeros([0, 16, 16, 3], tf.uint8)),
        loaded.signatures["encoded"](image_bytes=tf.constant([], tf.string)),
    ):
        assert answers["probabilities"].shape == (0, 4)
        assert answers["label"].shape == answers["class_id"].shape == (0,)


@pytest.mark.slow
def test_class_names_travel_to_where_there_is_no_tfppdnn(directory, tmp_path):
    np.save(tmp_path / "images.npy", photographs(count=2, height=16, width=16))
    program = (
        "import sys; sys.modules['tfppdnn'] = None\n"
        "import numpy as np, tensorflow as tf\n"
        "loaded = tf.saved_model.load(sys.argv[1])\n"
        "image = tf.constant(np.load('images.npy'))\n"
        "for name in loaded.signatures['serving_default'](image=image)['label'].numpy():\n"
        "    assert name.decode() in {'cat', 'd\\u00f6g', 'a frog', 'ship'}, name\n"
    )
    subprocess.run([sys.executable, "-c", program, directory], cwd=tmp_path, check=True)


def test_every_class_needs_a_name(model, tmp_path):
    with pytest.raises(ValueError, match="3 class names for a model of 4 classes"):
        export_classifier(model, NAMES[:3], tmp_path / "classifier", image_size=16)
    assert list(tmp_path.iterdir()) == []
