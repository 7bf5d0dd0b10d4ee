import keras
import numpy as np
import pytest
import tensorflow as tf

from tfppdnn.ciphers import CIPHERS
from tfppdnn.exporting.classifier import export_classifier
from tfppdnn.models.fronts import FRONTS, DepthToSpace, block_adaptation
from tfppdnn.models.resnet18 import resnet18

RNG = np.random.default_rng(0)


def tiny(**settings):
    return resnet18(num_classes=3, image_size=32, width=0.0625, **settings)


def test_depth_to_space_is_tensorflows():
    images = RNG.random((2, 3, 5, 32), np.float32)
    spread = DepthToSpace(4)(images)
    np.testing.assert_array_equal(spread, tf.nn.depth_to_space(images, 4))


def test_it_has_the_hand_counted_parameters_and_shape():
    images = keras.Input((32, 32, 3))
    front = keras.Model(images, block_adaptation(images))
    assert front.output_shape == (None, 32, 32, 16)
    # A 4x4x3 kernel for each of 256 channels; gain, offset, mean and variance of each.
    assert front.count_params() == 4 * 4 * 3 * 256 + 4 * 256
    # The stem sees 16 channels in place of 3; all else is the classifier's own.
    stem = 3 * 3 * (16 - 3) * 4
    with_front = tiny(front=block_adaptation).count_params()
    assert with_front == tiny().count_params() + front.count_params() + stem


def test_a_block_is_seen_whole_and_alone():
    images = keras.Input((12, 12, 3))
    front = keras.Model(images, block_adaptation(images))
    one, other = RNG.random((2, 1, 12, 12, 3), np.float32)
    mixed = one.copy()
    mixed[:, 7, 4] = other[:, 7, 4]  # One pixel of the block in the middle.
    changed = np.any(np.array(front(one)) != np.array(front(mixed)), axis=(0, 3))
    assert changed[4:8, 4:8].all()
    changed[4:8, 4:8] = False
    assert not changed.any()


def test_sizes_that_leave_part_of_a_block_are_refused():
    with pytest.raises(ValueError, match="blocks of 4 x 4"):
        block_adaptation(keras.Input((30, 32, 3)))


def test_tanakas_scheme_asks_for_it_and_ele_does_not():
    fronts = {name: getattr(cipher, "classifier_front", None) for name, cipher in CIPHERS.items()}
    assert {name for name, front in fronts.items() if front} == {"tanaka"}
    assert FRONTS[fronts["tanaka"]] is block_adaptation


@pytest.mark.slow
def test_it_is_saved_and_exported_with_its_classifier(tmp_path):
    model = tiny(front=block_adaptation)
    images = RNG.integers(0, 256, (4, 32, 32, 3), np.uint8)
    logits = model(images / np.float32(255), training=False)

    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(images / np.float32(255), training=False), logits)

    export_classifier(model, ["a", "b", "c"], tmp_path / "classifier", image_size=32)
    served = tf.saved_model.load(tmp_path / "classifier").signatures["serving_default"]
    probabilities = served(image=tf.constant(images))["probabilities"]
    np.testing.assert_allclose(probabilities, tf.nn.softmax(logits), atol=1e-5)
