"""Real images and tiny models that the tests of the exporter share."""

import keras
import numpy as np
from skimage import data
from skimage.transform import resize
from sklearn.datasets import load_digits

from tfppdnn.exporting.half import round_weights_to_half
from tfppdnn.models.unet import unet

FILES = {
    "protector",
    "protector.tflite",
    "protector_fp16.tflite",
    "protector_int8.tflite",
    "protector_web.tflite",
}


def photographs(*, count=8, height=32, width=32):
    """Returns uint8 [count, height, width, 3], pieces of a photograph."""
    rng = np.random.default_rng(0)
    photograph = data.astronaut()
    corners = rng.integers(0, [512 - height, 512 - width], (count, 2))
    return np.stack([photograph[y : y + height, x : x + width] for y, x in corners])


def digits_and_photographs():
    """Returns uint8 [16, 32, 32, 3]."""
    digits = [resize(digit / 16, (32, 32), order=1) for digit in load_digits().images[:8]]
    grey = np.rint(np.stack(digits) * 255).astype(np.uint8)
    return np.concatenate([np.repeat(grey[..., np.newaxis], 3, axis=3), photographs()])


def tiny_protector(norm, *, seed=0, base_width=4, depth=3):
    """Returns a U-Net none of whose weights has its initial value, as after training."""
    keras.utils.set_random_seed(seed)
    model = unet(base_width=base_width, depth=depth, norm=norm)
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        if len(weight.shape) == 1:
            weight.assign(np.abs(weight.numpy() + rng.normal(0, 0.2, weight.shape)))
    return model


def trained_protector(norm="instance", *, seed=0):
    """Returns the smallest U-Net, as it leaves the training."""
    model = tiny_protector(norm, seed=seed, depth=2)
    round_weights_to_half(model)
    return model


def protected_by_hand(model, images):
    """Returns what h_p makes of uint8 images, by nothing but Keras and NumPy."""
    return np.rint(np.asarray(model(images / np.float32(255), training=False)) * 255).astype(
        "uint8"
    )


def assert_same_pixels(protected, expected, *, share=0.001):
    """Asserts one grey level at most, on at most this share of values (or on one value)."""
    assert protected.dtype == np.uint8
    assert protected.shape == expected.shape
    levels = np.abs(protected.astype(int) - expected)
    assert levels.max(initial=0) <= 1
    assert (levels > 0).sum() <= max(1, share * levels.size)
