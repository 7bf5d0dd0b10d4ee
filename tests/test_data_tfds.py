"""Data sets by tensorflow-datasets name, from a directory and without a network."""

import numpy as np
import pytest
import tensorflow_datasets as tfds
from tensorflow_datasets.core.dataset_info import DatasetIdentity

from tfppdnn.datasets.load import load_dataset
from tfppdnn.datasets.tensorflow_datasets import prepared_datasets
from tfppdnn.errors import UserError

COLOURS = tfds.features.ClassLabel(names=["red", "green", "blue"])
PICTURE = tfds.features.Image(shape=(None, None, 3), encoding_format="png")


def examples(*greys, shape=(32, 32, 3)):
    """One-coloured pictures with the labels 0 1 2 0 1 2 ..."""
    return [
        {"image": np.full(shape, grey, np.uint8), "label": number % 3}
        for number, grey in enumerate(greys)
    ]


def write(data_dir, name, splits, *, version="1.0.0", config=None, **features):
    """Writes a data set as tensorflow-datasets does; no builder of that name need exist."""
    features = features or {"image": PICTURE, "label": COLOURS}
    folder = data_dir / name / (config or "") / version
    folder.mkdir(parents=True)
    identity = DatasetIdentity(name, tfds.core.Version(version), str(folder), "", config)
    info = tfds.core.DatasetInfo(
        builder=identity, features=tfds.features.FeaturesDict(features), description="a test"
    )
    writer = tfds.core.SequentialWriter(info, max_examples_per_shard=100)
    writer.initialize_splits(list(splits))
    writer.add_examples(splits)
    writer.close_all()
    return folder


def load(name, data_dir, **settings):
    return load_dataset(name, data_dir=str(data_dir), **settings)


def greys(images):
    return images[:, 16, 16, 0].tolist()


def test_a_data_set_that_only_the_directory_knows_is_read(tmp_path):
    write(tmp_path, "my_colours", {"train": examples(10, 11, 12, 13), "test": examples(20, 21)})
    dataset = load("my_colours", tmp_path)

    assert dataset.name == "my_colours"
    assert dataset.version == "tensorflow-datasets my_colours/1.0.0, png images"
    assert dataset.class_names == ("red", "green", "blue")
    assert dataset.train_images.shape == (4, 32, 32, 3)
    assert dataset.train_images.dtype == np.uint8
    assert dataset.train_labels.dtype == np.int64
    assert greys(dataset.train_images) == [10, 11, 12, 13]
    assert dataset.train_labels.tolist() == [0, 1, 2, 0]
    assert greys(dataset.test_images) == [20, 21]
    assert dataset.test_labels.tolist() == [0, 1]


def test_a_name_that_tensorflow_datasets_knows_too_is_read_from_the_directory(tmp_path):
    write(tmp_path, "cifar10", {"train": examples(1, 2, 3), "test": examples(4, 5)})

    assert load("cifar10", tmp_path).num_classes == 3  # Not the ten of its own builder.


def test_a_test_split_without_labels_is_not_tested_on(tmp_path):
    kept_back = examples(1, 2)
    for one in kept_back:
        one["label"] = -1
    train = examples(*range(10, 30))
    write(tmp_path, "contest", {"train": train, "test": kept_back, "validation": examples(4, 5)})
    assert greys(load("contest", tmp_path).test_images) == [4, 5]
    write(tmp_path, "closed", {"train": train, "test": kept_back})
    assert greys(load("closed", tmp_path).test_images) == [28, 29]
    write(tmp_path, "few", {"train": examples(1, 2, 3, 4)})
    with pytest.raises(
        UserError, match="--dataset=few: 4 pictures and no 'test' split are too few"
    ):
        load("few", tmp_path)


def test_images_of_every_size_become_squares(tmp_path):
    mixed = examples(1, shape=(40, 90, 3)) + examples(2, shape=(300, 64, 3)) + examples(3)
    mixed[1]["label"] = 1
    write(tmp_path, "mixed", {"train": mixed, "validation": examples(4, 5)})
    dataset = load("mixed", tmp_path, image_size=48)

    assert dataset.train_images.shape == (3, 48, 48, 3)
    assert greys(dataset.train_images) == [1, 2, 3]
    assert greys(dataset.test_images) == [4, 5]


def test_grey_images_become_rgb(tmp_path):
    grey = tfds.features.Image(shape=(None, None, 1))
    pictures = examples(50, 60, 70, shape=(28, 28, 1))
    write(tmp_path, "grey", {"train": pictures, "test": pictures}, image=grey, label=COLOURS)
    dataset = load("grey", tmp_path)

    assert (dataset.train_images == np.uint8([50, 60, 70]).reshape(3, 1, 1, 1)).all()


def test_without_a_test_split_the_last_tenth_is_held_out(tmp_path):
    write(tmp_path, "train_only", {"train": examples(*range(20))})
    dataset = load("train_only", tmp_path)

    assert greys(dataset.train_images) == list(range(18))
    assert greys(dataset.test_images) == [18, 19]


def test_the_newest_version_is_read(tmp_path):
    for version, grey in (("2.0.0", 1), ("10.0.0", 2), ("9.1.0", 3)):
        pictures = examples(grey, grey, grey)
        write(tmp_path, "grown", {"train": pictures, "test": pictures}, version=version)

    assert greys(load("grown", tmp_path).test_images) == [2, 2, 2]


def test_a_configuration_is_named_after_a_slash(tmp_path):
    pictures = {"train": examples(1, 2, 3), "test": examples(4, 5)}
    write(tmp_path, "colours", pictures, config="small")

    assert prepared_datasets(str(tmp_path)) == ["colours/small"]
    assert load("colours/small", tmp_path).version.startswith(
        "tensorflow-datasets colours/small/1.0.0"
    )


def test_a_wrong_name_is_answered_with_what_there_is(tmp_path):
    pictures = {"train": examples(1, 2, 3), "test": examples(4, 5)}
    write(tmp_path, "my_colours", pictures)
    write(tmp_path, "other", pictures)

    with pytest.raises(UserError) as refused:
        load("my_colour", tmp_path)
    message = str(refused.value)
    assert message.startswith("--dataset=my_colour: there is no such data set or folder")
    assert "did you mean my_colours" in message
    assert f"prepared in {tmp_path}: my_colours, other" in message
    assert "digits (embedded)" in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("name", "meant"), [("cifra10", "cifar10"), ("CIFAR10", "cifar10"), ("digit", "digits")]
)
def test_a_slip_of_the_pen_is_answered_with_the_name_that_was_meant(name, meant):
    with pytest.raises(UserError, match=f"did you mean .*{meant}"):
        load_dataset(name)


@pytest.mark.parametrize("name", ["two words", "photos/nowhere", "cifar10/none", "", "*", "a:b"])
def test_what_cannot_be_a_name_is_refused_in_one_line(tmp_path, name):
    with pytest.raises(UserError, match="there is no such data set or folder") as refused:
        load(name, tmp_path)
    assert "\n" not in str(refused.value)


def test_a_directory_without_the_data_is_named_and_nothing_is_downloaded(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", asked.append)
    with pytest.raises(UserError, match="leave --data_dir out to have it downloaded") as refused:
        load("mnist", tmp_path)
    assert f"--dataset=mnist: not prepared in {tmp_path}" in str(refused.value)
    assert "\n" not in str(refused.value)
    assert not asked


def test_data_that_can_neither_be_found_nor_fetched_says_where_it_was_looked_for(monkeypatch):
    def no_network(self, *args, **kwargs):
        raise OSError("Name or service not known\nand a long story")

    monkeypatch.setattr(tfds.core.DatasetBuilder, "download_and_prepare", no_network)
    with pytest.raises(UserError, match=r"--data_dir=DIR where it is prepared") as refused:
        load_dataset("mnist")
    assert "--dataset=mnist: not in " in str(refused.value)
    assert "Name or service not known" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_what_is_no_classification_of_pictures_is_refused(tmp_path):
    picture, text = examples(1)[0]["image"], "words"
    cases = {
        "words_only": ({"text": tfds.features.Text()}, {"text": text}, "no 'image' and 'label'"),
        "sentences": (
            {"image": PICTURE, "label": tfds.features.Text()},
            {"image": picture, "label": text},
            "not one class an image",
        ),
        "deep": (
            {
                "image": tfds.features.Image(shape=(None, None, 1), dtype=np.uint16),
                "label": COLOURS,
            },
            {"image": np.zeros((32, 32, 1), np.uint16), "label": 0},
            "not an 8-bit picture",
        ),
        "no_train": ({"image": PICTURE, "label": COLOURS}, {"image": picture, "label": 0}, "train"),
        "one_class": (
            {"image": PICTURE, "label": tfds.features.ClassLabel(names=["red"])},
            {"image": picture, "label": 0},
            "only one class",
        ),
        "unlabelled": (
            {"image": PICTURE, "label": COLOURS},
            {"image": picture, "label": -1},
            "images without a label",
        ),
    }
    for name, (features, example, reason) in cases.items():
        split = "evaluation" if name == "no_train" else "train"
        write(tmp_path, name, {split: [example] * 20}, **features)
        with pytest.raises(UserError, match=f"--dataset={name}: .*{reason}"):
            load(name, tmp_path)


def test_damaged_data_is_named(tmp_path):
    folder = write(tmp_path, "colours", {"train": examples(1, 2, 3), "test": examples(4, 5)})
    shard = next(folder.rglob("*train*tfrecord*"))
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 255
    shard.write_bytes(bytes(content))

    with pytest.raises(UserError, match=f"--dataset=colours: {folder} is damaged"):
        load("colours", tmp_path)


def test_a_missing_part_is_named(tmp_path):
    folder = write(tmp_path, "colours", {"train": examples(1, 2, 3), "test": examples(4, 5)})
    next(folder.rglob("*train*tfrecord*")).unlink()

    with pytest.raises(UserError, match="--dataset=colours"):
        load("colours", tmp_path)


def test_a_directory_that_is_not_there_has_nothing_prepared(tmp_path):
    assert prepared_datasets(str(tmp_path / "nowhere")) == []
    assert prepared_datasets(None) == []


def test_a_single_test_image_is_refused_before_hours_of_training(tmp_path):
    write(tmp_path, "few", {"train": examples(1, 2, 3), "test": examples(4)[:1]})

    with pytest.raises(UserError, match="--dataset=few: 1 images to test; give two or more"):
        load("few", tmp_path)
