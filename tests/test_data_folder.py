"""Data sets that are a folder with a sub-folder per class."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfppdnn.datasets.load import load_dataset
from tfppdnn.errors import UserError
from tfppdnn.images.resizing import resize_square


def save(path, value, size=(32, 32)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (value, value, value)).save(path, lossless=True)


@pytest.fixture
def photos(tmp_path):
    """12 zebras (grey levels 0..11) and 20 apes (100..119), in three formats."""
    for number in range(12):
        save(tmp_path / "photos" / "zebra" / f"{number:02d}.png", number)
    for number in range(20):
        suffix = ("png", "bmp", "WEBP")[number % 3]
        save(tmp_path / "photos" / "ape" / "deep" / f"{number:02d}.{suffix}", 100 + number)
    return tmp_path / "photos"


def greys(images):
    return images[:, 16, 16, 0].tolist()


def test_classes_are_the_sub_folders_sorted(photos):
    (photos / ".cache").mkdir()
    (photos / "README.txt").write_text("not a class")
    dataset = load_dataset(str(photos))

    assert dataset.class_names == ("ape", "zebra")
    assert dataset.num_classes == 2
    assert dataset.name == str(photos)
    for images, labels in (
        (dataset.train_images, dataset.train_labels),
        (dataset.test_images, dataset.test_labels),
    ):
        assert images.dtype == np.uint8
        assert images.shape == (len(labels), 32, 32, 3)
        assert [int(grey < 50) for grey in greys(images)] == labels.tolist()


def test_a_tenth_of_every_class_is_held_out(photos):
    dataset = load_dataset(str(photos))

    assert np.bincount(dataset.test_labels).tolist() == [2, 1]
    assert np.bincount(dataset.train_labels).tolist() == [18, 11]
    train, test = greys(dataset.train_images), greys(dataset.test_images)
    assert not set(train) & set(test)
    assert len(set(train) | set(test)) == 32


def test_the_split_depends_on_the_seed_only(photos):
    def held_out(seed):
        return greys(load_dataset(str(photos), seed=seed).test_images)

    assert held_out(0) == held_out(0)
    assert len({tuple(held_out(seed)) for seed in range(8)}) > 1


def test_copies_of_a_picture_are_on_one_side(tmp_path):
    for number in range(20):
        for copy in range(2 if number < 10 else 1):
            save(tmp_path / "a" / f"{number}-{copy}.png", number)
            save(tmp_path / "b" / f"{number}-{copy}.png", 100 + number)
        save(tmp_path / "b" / f"also-{number}.png", number)
    for seed in range(5):
        dataset = load_dataset(str(tmp_path), seed=seed)
        train, test = greys(dataset.train_images), greys(dataset.test_images)
        assert not set(train) & set(test)
        assert len(train) + len(test) == 80
        # A tenth of 30 and of 50, or less where copies do not fit into that.
        assert 6 <= len(test) <= 8


def test_a_class_of_copies_of_one_picture_is_named(tmp_path):
    for number in range(3):
        save(tmp_path / "a" / f"{number}.png", 7)
        save(tmp_path / "b" / f"{number}.png", 100 + number)
    with pytest.raises(UserError, match="/a holds one image that can be read, or copies of one"):
        load_dataset(str(tmp_path))


def test_test_pictures_that_are_trained_on_are_counted(tmp_path, capsys):
    for number in range(3):
        for name, grey in (("a", number), ("b", 100 + number)):
            save(tmp_path / "train" / name / f"{number}.png", grey)
            save(tmp_path / "test" / name / f"{number}.png", grey + 2)
    load_dataset(str(tmp_path))
    said = "2 of 6 test pictures are also among those to train on"
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("train_name", "test_name"),
    [
        ("train", "test"),
        ("train", "val"),
        ("train", "validation"),
        ("train", "valid"),
        ("Train", "Test"),
        ("Training", "Testing"),
        ("train", "dev"),
    ],
)
def test_train_and_test_folders_are_taken_as_they_are(tmp_path, train_name, test_name):
    for number in range(3):
        save(tmp_path / train_name / "b" / f"{number}.png", number)
        save(tmp_path / train_name / "a" / f"{number}.png", 10 + number)
    save(tmp_path / test_name / "a" / "0.png", 20)
    save(tmp_path / test_name / "b" / "0.png", 21)
    dataset = load_dataset(str(tmp_path))

    assert dataset.class_names == ("a", "b")
    shown = dict(zip(greys(dataset.train_images), dataset.train_labels.tolist(), strict=True))
    assert shown == {10: 0, 11: 0, 12: 0, 0: 1, 1: 1, 2: 1}
    held_out = dict(zip(greys(dataset.test_images), dataset.test_labels.tolist(), strict=True))
    assert held_out == {20: 0, 21: 1}


def test_a_test_folder_without_one_of_the_classes_is_named(tmp_path):
    for name in ("train/a", "train/b", "test/a"):
        save(tmp_path / name / "0.png", 0)

    with pytest.raises(UserError, match=r"no JPEG, .* image in .*test/b; "):
        load_dataset(str(tmp_path))


def test_images_are_cropped_to_their_middle_and_resized():
    image = np.zeros((40, 100, 3), np.uint8)
    image[:, 30:70] = 200  # The middle square.

    assert (resize_square(image, 40) == 200).all()
    assert resize_square(image, 32).shape == (32, 32, 3)
    assert (resize_square(image, 32) == 200).all()
    assert (resize_square(image.transpose(1, 0, 2), 64) == 200).all()


def test_making_an_image_smaller_does_not_alias():
    stripes = np.zeros((128, 128, 3), np.uint8)
    stripes[:, ::2] = 255

    np.testing.assert_allclose(resize_square(stripes, 32)[:, 4:-4], 127.5, atol=4)


def test_images_come_in_the_size_that_is_asked_for(photos):
    assert load_dataset(str(photos), image_size=48).train_images.shape[1:] == (48, 48, 3)


def test_hidden_files_are_no_images(photos):
    (photos / "ape" / "._00.png").write_bytes(b"a note that macOS leaves beside a file")

    assert len(load_dataset(str(photos)).train_images) == 29


def test_a_corrupt_image_is_named(photos):
    path = photos / "zebra" / "05.png"
    path.write_bytes(path.read_bytes()[:40])

    with pytest.raises(UserError, match=r"zebra/05\.png") as refused:
        load_dataset(str(photos))
    assert "\n" not in str(refused.value)


@pytest.fixture
def damaged(photos):
    """Two of the pictures are damaged: one is cut, one is empty."""
    cut, empty = photos / "zebra" / "05.png", photos / "ape" / "deep" / "03.png"
    cut.write_bytes(cut.read_bytes()[:-30])
    empty.write_bytes(b"")
    return photos


def test_all_corrupt_images_are_named_at_once(damaged):
    with pytest.raises(UserError, match="2 files cannot be read") as refused:
        load_dataset(str(damaged))
    said = str(refused.value)
    assert f"{damaged}/ape/deep/03.png is empty, {damaged}/zebra/05.png cannot be read (" in said
    assert said.endswith(
        "replace or remove them, or leave them out with --skip_bad (of train, classify and audit)"
    )
    assert "\n" not in said


def test_bad_images_are_named_and_left_out_if_that_is_asked(damaged, capsys):
    dataset = load_dataset(str(damaged), skip_bad=True)

    said = capsys.readouterr().err
    assert "left out 2 files that cannot be read: " in said
    assert "ape/deep/03.png is empty" in said and "zebra/05.png cannot be read" in said
    shown = greys(np.concatenate([dataset.train_images, dataset.test_images]))
    assert sorted(shown) == sorted({*range(12), *range(100, 120)} - {5, 103})
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    assert [int(grey < 50) for grey in shown] == labels.tolist()
    for path in (damaged / "zebra" / "05.png", damaged / "ape" / "deep" / "03.png"):
        path.unlink()
    without = load_dataset(str(damaged))
    assert without.version == dataset.version
    assert (without.test_images == dataset.test_images).all()


def test_a_class_of_bad_images_only_is_named(photos):
    for name in ("1.png", "2.png"):
        (photos / "zebra" / name).write_bytes(b"")
    for file in (photos / "ape").rglob("*.*"):
        file.write_bytes(b"")
    with pytest.raises(UserError, match=r"no image that can be read in .*photos/ape; "):
        load_dataset(str(photos), skip_bad=True)


@pytest.mark.parametrize(
    ("there", "said"),
    [
        ("Train", r"Train/ holds folders, but there is none of pictures to test \(test, "),
        ("val", r"val/ holds folders, but there is none of pictures to train \(train, "),
    ],
)
def test_one_part_of_two_is_no_class(photos, there, said):
    for name in ("ape", "zebra"):
        save(photos / there / name / "1.png", 50)
    with pytest.raises(UserError, match=said):
        load_dataset(str(photos))


def test_two_parts_of_which_one_has_a_name_of_its_own_are_no_classes(tmp_path):
    for part in ("train", "holdout"):
        for name in ("ape", "zebra"):
            save(tmp_path / part / name / "1.png", 50)
    with pytest.raises(UserError, match="train/ holds folders, but there is none of pictures to "):
        load_dataset(str(tmp_path))


@pytest.mark.parametrize("below", ["", "2019"])
def test_a_class_may_be_called_like_a_part(tmp_path, below):
    for number in range(3):
        save(tmp_path / "train" / below / f"{number}.png", number)
        save(tmp_path / "boat" / f"{number}.png", 10 + number)
    assert load_dataset(str(tmp_path)).class_names == ("boat", "train")


def test_links_to_folders_are_named_and_not_followed(photos, tmp_path, capsys):
    save(tmp_path / "elsewhere" / "1.png", 50)
    (photos / "zebra" / "more").symlink_to(tmp_path / "elsewhere")
    (photos / "zebra" / "gone.png").symlink_to(tmp_path / "nothing")
    (photos / "cat").symlink_to(photos / "ape")  # A class may be one.
    dataset = load_dataset(str(photos))
    assert len(dataset.train_images) + len(dataset.test_images) == 32 + 20
    said = "left out 2 files not to be read, or linked to a folder or to nothing: "
    assert said + "zebra/gone.png, zebra/more" in capsys.readouterr().err


def test_files_that_are_left_out_are_named(photos, capsys):
    for number in range(7):
        (photos / "zebra" / f"note{number}.txt").write_text("a letter")
    (photos / "labels.csv").write_text("file,class")
    save(photos / "of_no_class.png", 0)
    (photos / "ape" / ".cache").mkdir()
    save(photos / "ape" / ".cache" / "small.png", 0)
    dataset = load_dataset(str(photos))

    assert len(dataset.train_images) + len(dataset.test_images) == 32
    assert capsys.readouterr().err.splitlines() == [
        "left out 8 files not named like a picture: labels.csv, zebra/note0.txt, "
        "zebra/note1.txt, zebra/note2.txt, zebra/note3.txt and 3 more",
        "left out 1 file in no class: of_no_class.png",
    ]


def test_nothing_is_said_of_a_folder_of_pictures_only(photos, capsys):
    load_dataset(str(photos))
    assert capsys.readouterr().err == ""


def test_every_kind_of_picture_may_be_in_a_class(tmp_path):
    for suffix in ("gif", "tif", "jpg"):
        save(tmp_path / "a" / f"1.{suffix}", 40)
        save(tmp_path / "b" / f"1.{suffix}", 200)
        Image.new("L", (32, 32), 40).save(tmp_path / "a" / f"grey.{suffix}")
    dataset = load_dataset(str(tmp_path))

    assert len(dataset.train_images) + len(dataset.test_images) == 9
    shown = dict(zip(greys(dataset.train_images), dataset.train_labels.tolist(), strict=True))
    assert shown == {40: 0, 200: 1}


def test_a_text_file_called_an_image_is_named(photos):
    (photos / "zebra" / "99.jpg").write_text("a letter")

    with pytest.raises(UserError, match=r"zebra/99\.jpg is not a JPEG, "):
        load_dataset(str(photos))


def test_an_image_of_a_size_that_fills_memory_is_named(photos):
    # Its head tells the size; there is no need of as many pixels to refuse it by that.
    small = io.BytesIO()
    Image.new("1", (8, 8)).save(small, "PNG")
    head = b"IHDR" + struct.pack(">II", 30_000, 30_000) + small.getvalue()[24:29]
    rest = small.getvalue()[33:]
    bomb = small.getvalue()[:12] + head + struct.pack(">I", zlib.crc32(head)) + rest
    (photos / "zebra" / "bomb.png").write_bytes(bomb)

    with pytest.raises(UserError, match=r"zebra/bomb\.png has more pixels than --max_pixels"):
        load_dataset(str(photos))


@pytest.mark.parametrize("name", ["./nowhere", "/no/such/folder", "../nowhere/photos"])
def test_a_folder_that_is_not_there_is_named(name):
    with pytest.raises(UserError, match=f"--dataset={Path(name)}: there is no such folder"):
        load_dataset(name)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"no class sub-folders; images go into .*/CLASS/"):
        load_dataset(str(tmp_path))


def test_one_class_is_too_few(tmp_path):
    save(tmp_path / "cats" / "1.png", 0)
    save(tmp_path / "cats" / "2.png", 0)

    with pytest.raises(UserError, match=r"only one class \(cats\); a classifier needs two or more"):
        load_dataset(str(tmp_path))


def test_an_empty_class_is_named(photos):
    (photos / "yak").mkdir()
    (photos / "yak" / "notes.txt").write_text("none yet")

    with pytest.raises(UserError, match=r"no JPEG, .* image in .*photos/yak; "):
        load_dataset(str(photos))


def test_a_class_of_one_image_is_named(photos):
    save(photos / "yak" / "only.png", 0)

    with pytest.raises(UserError, match="photos/yak holds one image"):
        load_dataset(str(photos))


def test_classes_are_mixed_so_that_the_first_images_stand_for_all(tmp_path):
    for number in range(20):
        save(tmp_path / "train" / "a" / f"{number}.png", number)
        save(tmp_path / "train" / "b" / f"{number}.png", 100 + number)
        save(tmp_path / "test" / "a" / f"{number}.png", number)
        save(tmp_path / "test" / "b" / f"{number}.png", 100 + number)
    first, again = load_dataset(str(tmp_path)), load_dataset(str(tmp_path))
    for labels in (first.train_labels, first.test_labels):
        assert set(labels[:12].tolist()) == {0, 1}
    assert greys(first.train_images) == greys(again.train_images)


def test_another_copy_of_a_folder_is_told_apart(tmp_path):
    for number in range(3):
        save(tmp_path / "a" / f"{number}.png", number)
        save(tmp_path / "b" / f"{number}.png", 10 + number)
    before = load_dataset(str(tmp_path)).version
    assert load_dataset(str(tmp_path)).version == before
    save(tmp_path / "b" / "3.png", 13)
    more = load_dataset(str(tmp_path)).version
    assert more != before
    # Of the same size, with other pixels.
    Image.new("RGB", (32, 32), (7, 7, 7)).save(tmp_path / "b" / "0.bmp")
    here = load_dataset(str(tmp_path)).version
    Image.new("RGB", (32, 32), (8, 8, 8)).save(tmp_path / "b" / "0.bmp")
    assert load_dataset(str(tmp_path)).version != here != more


def in_latin_1(name):
    """A path as Python has it whose bytes are no UTF-8; `name` is all that is not ASCII."""
    return os.fsdecode(name.encode("latin-1"))


def test_files_whose_names_are_no_utf_8_are_read_and_told_apart(photos):
    with_them = []
    for name in ("caf\xe9.png", "caf\xe8.png"):
        added = photos / "zebra" / in_latin_1(name)
        save(added, 11)
        with_them.append(load_dataset(str(photos)))
        added.unlink()
    assert [len(made.train_images) + len(made.test_images) for made in with_them] == [33, 33]
    assert with_them[0].version != with_them[1].version


@pytest.mark.parametrize(("old", "what"), [("zebra", "a class"), ("", "the data set")])
def test_folders_whose_names_are_no_utf_8_are_refused_before_anything_is_read(
    photos, capsys, old, what
):
    folder = photos / old
    renamed = folder.with_name(in_latin_1("z\xe8bre"))
    folder.rename(renamed)
    with pytest.raises(UserError, match=rf"z\\xe8bre' is no UTF-8, but {what} is called by it;"):
        load_dataset(str(photos if old else renamed))
    assert "reading images" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("side", "image_size", "seen", "preset"),
    [(120, 32, True, True), (200, 96, True, False), (120, 96, False, False)],
)
def test_large_photographs_are_not_made_small_without_a_word(
    tmp_path, capsys, side, image_size, seen, preset
):
    """Who chose the size of a photograph is not told of the preset for photographs."""
    for name in ("a", "b"):
        for number in range(3):
            save(tmp_path / name / f"{number}.png", number, size=(side + 80, side))
    load_dataset(tmp_path, image_size=image_size)
    said = capsys.readouterr().err
    line = f"pictures of about {side} pixels a side are seen at {image_size}x{image_size};"
    assert (line in said, "--preset=photos" in said) == (seen, preset)
    assert ("are seen at" in said) == seen
