from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfppdnn.client.notices import left_out_notice, no_image_notice, skipped_notice
from tfppdnn.client.sources import ImageSource, names_kept_whole
from tfppdnn.errors import UserError


def make(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def outputs(source, destination):
    images = ImageSource(source, destination=destination)
    return {
        str(path.relative_to(images.root)): str(images.output(path).relative_to(destination))
        for path in images
    }


def test_a_tree_is_mirrored(tmp_path):
    make(tmp_path / "in", "a.jpg", "b/C.PNG", "b/d/e.webp", "notes.txt", ".h.png", ".git/x.png")
    assert outputs(tmp_path / "in", tmp_path / "out") == {
        "a.jpg": "a.png",
        "b/C.PNG": "b/C.png",
        "b/d/e.webp": "b/d/e.png",
    }


def test_other_files_are_counted(tmp_path):
    make(tmp_path, "a.jpg", "b.psd", "c.PSD", "d.txt", "LICENSE", ".hidden.txt")
    images = ImageSource(tmp_path, destination=tmp_path / "out")
    for _ in range(2):
        assert len(list(images)) == 1
        assert images.left_out == {".psd": 2, ".txt": 1, "": 1}


def test_files_that_nothing_was_done_with_are_told_of():
    assert left_out_notice(Counter({".txt": 1, ".psd": 2})) == (
        "left out 3 files not named like a picture (.psd, .txt); "
        "what is one must be converted to JPEG or PNG"
    )
    assert left_out_notice(Counter([""])) == (
        "left out 1 file not named like a picture (without a suffix); "
        "what is one must be converted to JPEG or PNG"
    )
    many = Counter({f".{number}": 9 - number for number in range(6)})
    assert "(.0, .1, .2, .3, .4 and others)" in left_out_notice(many)
    assert left_out_notice(Counter({".\x1b[2J": 1})).isprintable()
    assert "images were there already" in skipped_notice(3)
    assert "1 image was there already and was left as it is" in skipped_notice(1)
    nothing = no_image_notice("photos", frozenset({".png", ".bmp"}), Counter())
    assert nothing == "photos holds no image; looked for .bmp, .png"
    found = no_image_notice("photos", frozenset({".png"}), Counter([".psd"]))
    assert "left out 1 file not named like a picture (.psd)" in found


def test_images_that_differ_in_the_suffix_only_keep_it(tmp_path):
    make(tmp_path, "a.jpg", "A.webp", "b.jpg", "c.png", "c.jpg", "c.jpg.bmp")
    expected = {
        "a.jpg": "a.jpg.png",
        "A.webp": "A.webp.png",
        "b.jpg": "b.png",
        "c.png": "c.png.png",
        "c.jpg": "c.jpg.png",
        "c.jpg.bmp": "c.jpg.bmp.png",
    }
    destination = tmp_path / "out"
    assert outputs(tmp_path, destination) == expected
    # The same names when only some of the images are asked for.
    assert outputs(tmp_path / "c.png", destination) == {"c.png": "c.png.png"}
    assert outputs(f"{tmp_path}/*.jpg", destination) == {
        name: output for name, output in expected.items() if name.endswith(".jpg")
    }


@given(
    st.sets(
        st.builds(
            "{}{}".format,
            st.sampled_from(["a", "a.jpg", "a.png", "a.jpg.png", "a.png.png", "b"]),
            st.sampled_from([".jpg", ".png", ".webp", ".bmp"]),
        )
    )
)
def test_no_two_images_share_an_output(names):
    whole = names_kept_whole(names)
    written = {f"{name}.png" if name in whole else f"{Path(name).stem}.png" for name in names}
    assert len(written) == len(names)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("in/*.jpg", {"a.jpg": "a.png"}),
        ("in/**/*.jpg", {"a.jpg": "a.png", "b/c.jpg": "b/c.png", "b/d/e.jpg": "b/d/e.png"}),
        ("in/b/[cx]*", {"c.jpg": "c.png"}),
        ("i?/b/*", {"in/b/c.jpg": "in/b/c.png"}),
    ],
)
def test_a_pattern_is_mirrored_from_its_first_wildcard(tmp_path, monkeypatch, pattern, expected):
    make(tmp_path / "in", "a.jpg", "b/c.jpg", "b/d/e.jpg", "b/c.txt")
    assert outputs(f"{tmp_path}/{pattern}", tmp_path / "out") == expected
    monkeypatch.chdir(tmp_path)
    assert outputs(pattern, Path("out")) == expected


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    make(tmp_path, "a[1].jpg", "a1.jpg")
    assert outputs(tmp_path / "a[1].jpg", tmp_path / "out") == {"a[1].jpg": "a[1].png"}


@pytest.mark.parametrize("source", ["{}", "{}/*", "{}/**/*.png", "{}/link"])
def test_what_lies_in_the_destination_is_no_source(tmp_path, source):
    make(tmp_path, "a.png", "out/a.png", "out/b/c.png")
    (tmp_path / "link").symlink_to(tmp_path)
    found = outputs(source.format(tmp_path), tmp_path / "out")
    assert list(found.values()) == ["a.png"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("missing", "does not exist"),
        ("notes.txt", "is not named like an image; convert it to JPEG.*if it is JPEG, .*.jpg"),
        ("none/*.jpg", "matches nothing, since there is no folder .*/none; mend"),
        ("notes.txt/*.jpg", "matches nothing, since there is no folder .*/notes.txt; mend"),
        ("*/../x/*.jpg", r"'\.\.' after a wildcard"),
    ],
)
def test_a_wrong_source_is_named(tmp_path, source, reason):
    make(tmp_path, "notes.txt")
    with pytest.raises(UserError, match=reason) as caught:
        ImageSource(f"{tmp_path}/{source}", destination=tmp_path / "out")
    assert source in str(caught.value)


def test_a_pattern_of_a_missing_folder_is_named_although_the_destination_exists(tmp_path):
    with pytest.raises(UserError, match=r"none/\*\.jpg matches nothing"):
        list(ImageSource(f"{tmp_path}/none/*.jpg", destination=tmp_path))


def test_an_empty_name_is_not_the_current_folder(tmp_path, monkeypatch):
    make(tmp_path, "a.jpg")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"empty.*shell variable"):
        ImageSource("", destination=tmp_path / "out")
    assert len(list(ImageSource(".", destination=tmp_path / "out"))) == 1
