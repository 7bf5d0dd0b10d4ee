"""The embedded default: scikit-learn's bundled handwritten digits, at 32x32."""

from __future__ import annotations

import numpy as np

from tfppdnn.datasets.dataset import ImageDataset

_TRAIN_COUNT = 1497
_SIZE = 32


def load_digits() -> ImageDataset:
    """Loads 1,497 training and 300 test digits as 32x32 RGB images; needs no network.

    Values 0..16 are divided by 16, enlarged by bilinear interpolation
    (`skimage.transform.resize(order=1)`), scaled to 0..255, rounded and repeated to
    three channels. The first 1,497 images of scikit-learn's order train, the last 300
    test.
    """
    import sklearn
    from skimage.transform import resize
    from sklearn.datasets import load_digits as bundled_digits

    bundle = bundled_digits()
    # skimage resizes along the first axes, so the images go last for one call.
    grey = resize(bundle.images.transpose(1, 2, 0) / 16, (_SIZE, _SIZE), order=1)
    grey = np.round(grey.transpose(2, 0, 1) * 255).astype(np.uint8)
    images = np.repeat(grey[..., None], 3, axis=-1)
    labels = bundle.target.astype(np.int64)
    return ImageDataset(
        name="digits",
        version=f"scikit-learn {sklearn.__version__} load_digits",
        train_images=images[:_TRAIN_COUNT],
        train_labels=labels[:_TRAIN_COUNT],
        test_images=images[_TRAIN_COUNT:],
        test_labels=labels[_TRAIN_COUNT:],
        class_names=tuple(str(digit) for digit in range(10)),
        mirrors_alike=False,
    )
