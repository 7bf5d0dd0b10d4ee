"""What a training leaves for people to look at."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.training.classifiers import accuracy_of, compile_classifier, predict_classes
from tfppdnn.training.resumable import fit_resumably


@pytest.fixture(scope="module")
def classifier():
    """Says 0 to dark images and 1 to bright ones."""
    inputs = keras.Input((4, 4, 3))
    mean = keras.layers.GlobalAveragePooling2D()(inputs)
    model = keras.Model(inputs, keras.layers.Dense(2)(mean))
    model.set_weights([np.float32([[0, 1], [0, 1], [0, 1]]), np.float32([1.5, 0])])
    return model


def grey_images(*values):
    return np.tile(np.uint8(values)[:, None, None, None], (1, 4, 4, 3))


def test_classes_are_those_of_8_bit_images_in_order(classifier):
    images = grey_images(0, 255, 100, 200, 30)

    for batch_size in (1, 2, 256):
        classes = predict_classes(classifier, images, batch_size=batch_size)
        np.testing.assert_array_equal(classes, [0, 1, 0, 1, 0])
    assert accuracy_of(classifier, images, np.array([0, 1, 1, 0, 0])) == pytest.approx(3 / 5)


def test_classifiers_learn_with_momentum_and_weight_decay():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    compile_classifier(model, 0.1, weight_decay=5e-4)

    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert model.optimizer.momentum == 0.9
    assert model.optimizer.weight_decay == 5e-4
    assert model.optimizer.built


def logged(folder):
    """Scalars and images by (tag, step)."""
    found = {}
    for file in sorted(folder.glob("events*")):
        for record in tf.data.TFRecordDataset(str(file)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                found[value.tag, event.step] = tf.make_ndarray(value.tensor)
    return found


def test_tensorboard_counts_steps_through_all_rounds_and_calls(tmp_path, capfd):
    def run(steps):
        model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        model.compile(keras.optimizers.SGD(0.01), "mse")
        model.optimizer.build(model.trainable_variables)
        fit_resumably(
            model,
            lambda first, count: tf.data.Dataset.from_tensors(
                (np.ones((1, 1)), np.ones((1, 1)))
            ).repeat(count),
            title="a small training",
            steps=steps,
            steps_per_round=30,
            checkpoints=tmp_path / "checkpoints",
            logs=tmp_path / "logs",
            image_grid=lambda: np.zeros((4, 4, 3), np.uint8),
        )

    run(60)
    run(100)  # As if the first call had been cut off.

    found = logged(tmp_path / "logs")
    assert sorted(step for tag, step in found if tag == "loss") == [20, 40, 60, 80, 100]
    assert sorted(step for tag, step in found if tag == "grid") == [30, 60, 90, 100]
    output = capfd.readouterr()
    assert output.out == ""
    assert "a small training: 100 steps in " in output.err
