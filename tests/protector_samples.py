"""A small protector and what may be mistaken for one, which several test files share."""

import keras
import numpy as np
import tensorflow as tf


class FromBytes(keras.layers.Layer):
    def call(self, x):
        return tf.cast(x, tf.float32) / 255.0


class ToBytes(keras.layers.Layer):
    def call(self, x):
        return tf.cast(tf.round(x * 255.0), tf.uint8)


def image_model(height=None, width=None):
    keras.utils.set_random_seed(7)
    image = keras.Input((height, width, 3), batch_size=1, dtype="uint8", name="image")
    x = FromBytes(dtype="float32")(image)
    x = keras.layers.Conv2D(
        3, 3, padding="same", activation="sigmoid", kernel_initializer="random_normal"
    )(x * 20.0)
    return keras.Model(image, ToBytes(dtype="float32")(x))


def tflite(model):
    return tf.lite.TFLiteConverter.from_keras_model(model).convert()


def is_right(protected, image):
    """Compares with Keras; sums in another order may round a value to its neighbour."""
    difference = np.abs(protected.astype(int) - np.asarray(image_model()(image[np.newaxis]))[0])
    return difference.max() <= 1 and (difference > 0).mean() < 0.005


def write_protectors(folder):
    """One of each kind of thing that a user may pass as protector."""
    folder.mkdir()
    model = image_model()
    (folder / "run").mkdir()
    (folder / "run/protector.tflite").write_bytes(tflite(model))
    (folder / "fixed.tflite").write_bytes(tflite(image_model(32, 32)))

    floats = keras.Input((None, None, 3), batch_size=1)
    (folder / "floats.tflite").write_bytes(tflite(keras.Model(floats, floats * 2.0)))
    image = keras.Input((None, None, 3), batch_size=1, dtype="uint8")
    scores = keras.layers.GlobalAveragePooling2D()(FromBytes(dtype="float32")(image))
    (folder / "classifier.tflite").write_bytes(tflite(keras.Model(image, scores)))
    half = keras.Model(image, image[:, ::2, ::2])
    (folder / "half.tflite").write_bytes(tflite(half))

    content = (folder / "run/protector.tflite").read_bytes()
    (folder / "truncated.tflite").write_bytes(content[:-200])
    (folder / "text.tflite").write_text("these are not the weights")
    (folder / "empty.tflite").touch()
    (folder / "unfinished").mkdir()
    (folder / "unfinished/config.json").write_text("{}")
    (folder / "nothing").mkdir()
    for name, outputs in {"saved": ["protected"], "other": ["probabilities"]}.items():
        archive = keras.export.ExportArchive()
        archive.track(model)
        archive.add_endpoint(
            "serving_default",
            lambda image, outputs=outputs: {
                outputs[0]: tf.map_fn(lambda one: model(one[tf.newaxis])[0], image)
            },
            input_signature=[tf.TensorSpec([None, None, None, 3], tf.uint8, name="image")],
        )
        archive.write_out(folder / name, verbose=False)
    (folder / "torn").mkdir()
    (folder / "torn/saved_model.pb").write_bytes(b"\x08\x01\x12nonsense")
