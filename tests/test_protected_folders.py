"""What `protect` makes of a folder of classes is read in two lines, as docs/howto says."""

import numpy as np
import tensorflow_datasets as tfds
from PIL import Image

from tfppdnn import Protector
from tfppdnn.client.folder import protect_files


def test_tensorflow_datasets_reads_protected_pictures_as_they_are(tmp_path):
    generator = np.random.default_rng(0)
    plain = {}
    for name in ("cat", "rocket"):
        for number in range(2):
            path = tmp_path / "photos" / name / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            plain[f"{name}/{number}.png"] = generator.integers(0, 256, (9, 7, 3), np.uint8)
            Image.fromarray(plain[f"{name}/{number}.png"]).save(path)
    negative = Protector.of(lambda images: 255 - images)
    protect_files(tmp_path / "photos", tmp_path / "protected/train", negative, identity="any")

    builder = tfds.ImageFolder(str(tmp_path / "protected"))
    assert builder.info.features["label"].names == ["cat", "rocket"]
    assert builder.info.splits["train"].num_examples == len(plain)
    for example in builder.as_dataset("train"):
        path = example["image/filename"].numpy().decode()
        name = "/".join(path.split("/")[-2:])
        np.testing.assert_array_equal(example["image"], 255 - plain.pop(name))
        assert example["label"] == ["cat", "rocket"].index(name.split("/")[0])
    assert not plain
