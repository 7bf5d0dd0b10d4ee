"""A reader never meets half a file, and a failure leaves what stood there before."""

import errno
import os

import pytest

from tfppdnn.errors import UserError
from tfppdnn.files import read_json, write_bytes, write_json, write_text, written_whole


def names_in(folder):
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_written_with_the_folders_above_it(tmp_path):
    write_text(tmp_path / "a" / "b" / "note.txt", "für dich")

    assert (tmp_path / "a" / "b" / "note.txt").read_bytes() == "für dich".encode()
    assert names_in(tmp_path / "a" / "b") == ["note.txt"]


def test_until_the_end_the_old_file_is_what_readers_see(tmp_path):
    target = tmp_path / "model.bin"
    write_bytes(target, b"old")

    with written_whole(target) as temporary:
        temporary.write_bytes(b"new")
        assert target.read_bytes() == b"old"
        assert temporary.parent.parent == target.parent
        assert temporary.suffix == target.suffix

    assert target.read_bytes() == b"new"
    assert names_in(tmp_path) == ["model.bin"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path):
    target = tmp_path / "model.bin"
    write_bytes(target, b"old")

    with pytest.raises(RuntimeError, match="half way"), written_whole(target) as temporary:
        temporary.write_bytes(b"hal")
        raise RuntimeError("half way")

    assert target.read_bytes() == b"old"
    assert names_in(tmp_path) == ["model.bin"]


def test_a_folder_replaces_a_folder_whole(tmp_path):
    target = tmp_path / "saved_model"
    for content in ("first", "second"):
        with written_whole(target) as temporary:
            temporary.mkdir()
            (temporary / content).write_text(content)

    assert names_in(target) == ["second"]
    assert names_in(tmp_path) == ["saved_model"]


def test_a_failing_folder_leaves_the_old_one(tmp_path):
    target = tmp_path / "saved_model"
    with written_whole(target) as temporary:
        temporary.mkdir()
        (temporary / "first").touch()

    with pytest.raises(RuntimeError), written_whole(target) as temporary:
        temporary.mkdir()
        (temporary / "second").touch()
        raise RuntimeError

    assert names_in(target) == ["first"]
    assert names_in(tmp_path) == ["saved_model"]


def test_a_file_never_takes_the_place_of_a_folder(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "holiday.jpg").write_bytes(b"precious")

    with pytest.raises(UserError, match="photos"):
        write_bytes(tmp_path / "photos", b"a file")

    assert (tmp_path / "photos" / "holiday.jpg").read_bytes() == b"precious"
    assert names_in(tmp_path) == ["photos"]


def test_a_folder_below_a_file_is_refused_in_one_line(tmp_path):
    (tmp_path / "file").write_text("not a folder")

    with pytest.raises(UserError, match=r"cannot write .*file/metrics\.json") as refused:
        write_json(tmp_path / "file" / "metrics.json", {})

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("name", ["n" * 251 + ".png", "é" * 120 + ".png"])
def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path, name):
    write_bytes(tmp_path / name, b"content")

    assert names_in(tmp_path) == [name]


def test_a_name_that_is_too_long_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot write"):
        write_bytes(tmp_path / ("n" * 300), b"content")

    assert names_in(tmp_path) == []


def test_what_cannot_be_read_for_it_is_named_and_not_what_is_written(tmp_path):
    missing = tmp_path / "from" / "picture.png"
    target = tmp_path / "to" / "picture.png"
    said = r"^.*from/picture\.png: No such file or directory$"
    with pytest.raises(UserError, match=said), written_whole(target) as temporary:
        temporary.write_bytes(missing.read_bytes())


def test_a_full_disk_is_named(tmp_path):
    target = tmp_path / "protector.tflite"

    with (
        pytest.raises(UserError, match=rf"{target}: {os.strerror(errno.ENOSPC)}"),
        written_whole(target) as temporary,
    ):
        temporary.write_bytes(b"some of it")
        raise OSError(errno.ENOSPC, "as the system says it")

    assert names_in(tmp_path) == []


def test_json_comes_back_as_it_was(tmp_path):
    content = {"name": "Größe", "values": [1, 2.5, None, True]}
    write_json(tmp_path / "config.json", content)

    assert read_json(tmp_path / "config.json") == content
    assert (tmp_path / "config.json").read_text().endswith("}\n")


@pytest.mark.parametrize("content", [b"", b'{"half": ', b"\xff\xfe\x00"])
def test_damaged_json_is_named(tmp_path, content):
    (tmp_path / "config.json").write_bytes(content)

    with pytest.raises(UserError, match=r"config\.json is not valid JSON"):
        read_json(tmp_path / "config.json")


def test_json_that_is_not_there_or_is_a_folder_is_named(tmp_path):
    with pytest.raises(UserError, match=r"gone\.json does not exist"):
        read_json(tmp_path / "gone.json")
    with pytest.raises(UserError, match=f"cannot read {tmp_path}"):
        read_json(tmp_path)
