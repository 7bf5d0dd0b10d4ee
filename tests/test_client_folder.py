import errno
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tfppdnn.client.folder import in_threads, protect_files
from tfppdnn.errors import UserError


class Negative:
    """Stands in for h_p: one knows what has to come out."""

    def __init__(self, before=lambda images: None):
        self.before = before

    def protect(self, images):
        self.before(images)
        return 255 - images


class Nothing:
    """A protector that protects nothing."""

    def protect(self, images):
        return images


def save(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (4, 3), (value, 0, 0)).save(path)
    return path


def red(path):
    with Image.open(path) as image:
        return image.getpixel((0, 0))[0]


def written(folder):
    return {
        str(path.relative_to(folder)): 255 - red(path)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture
def photos(tmp_path):
    for number in range(12):
        save(tmp_path / f"photos/{number % 3}/{number}.bmp", number)
    return tmp_path / "photos"


EXPECTED = {f"{number % 3}/{number}.png": number for number in range(12)}


def test_a_tree_is_protected(photos, tmp_path):
    report = protect_files(photos, tmp_path / "out/deep", Negative(), workers=2)
    assert written(tmp_path / "out/deep") == EXPECTED
    assert (report.protected, report.skipped, report.failed) == (12, 0, [])
    assert report.images_per_second > 0


def test_done_images_are_skipped_and_redone_when_asked(photos, tmp_path):
    protect_files(photos, tmp_path / "out", Negative())
    save(photos / "0/0.bmp", 99)
    save(photos / "new.bmp", 50)
    report = protect_files(photos, tmp_path / "out", Negative())
    assert (report.protected, report.skipped) == (1, 12)
    assert written(tmp_path / "out") == EXPECTED | {"new.png": 50}
    report = protect_files(photos, tmp_path / "out", Negative(), overwrite=True)
    assert (report.protected, report.skipped) == (13, 0)
    assert written(tmp_path / "out") == EXPECTED | {"new.png": 50, "0/0.png": 99}


def tree(folder):
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"identity": "two"}, "made with another protector; choose another DST, or delete it"),
        ({"identity": "one", "size": 3}, "made at their own size"),
    ],
)
def test_a_destination_takes_images_made_in_one_way_only(
    photos, tmp_path, overwrite, other, reason
):
    out = tmp_path / "out"
    protect_files(photos, out, Negative(), identity="one")
    before = tree(out)
    save(photos / "new.png", 50)
    with pytest.raises(UserError, match=f"{out} holds images {reason}"):
        protect_files(photos, out, Negative(), overwrite=overwrite, **other)
    assert tree(out) == before
    report = protect_files(photos, out, Negative(), identity="one")
    assert (report.protected, report.skipped) == (1, 12)


def test_a_destination_of_one_size_is_not_given_another(photos, tmp_path):
    protect_files(photos, tmp_path / "out", Negative(), identity="one", size=2)
    for size in (None, 3):
        with pytest.raises(UserError, match="holds images made at --size=2; do the same"):
            protect_files(photos, tmp_path / "out", Negative(), identity="one", size=size)
    assert protect_files(photos, tmp_path / "out", Negative(), identity="one", size=2).skipped == 12


def test_images_that_were_there_before_are_not_mixed_with_protected_ones(photos, tmp_path):
    plain = save(tmp_path / "out/deep/mine.JPG", 7)
    before = tree(tmp_path / "out")
    for overwrite in (False, True):
        with pytest.raises(
            UserError, match=r"images that `protect` did not put there.*never mixed"
        ):
            protect_files(photos, tmp_path / "out", Negative(), identity="one", overwrite=overwrite)
    assert tree(tmp_path / "out") == before
    # What is hidden, or no image, is nobody's picture.
    plain.rename(plain.with_name(".mine.jpg"))
    save(tmp_path / "out/.thumbnails/a.png", 1)
    (tmp_path / "out/notes.txt").touch()
    assert protect_files(photos, tmp_path / "out", Negative(), identity="one").protected == 12


def test_a_destination_tells_nothing_of_images_and_protectors(photos, tmp_path):
    protect_files(photos, tmp_path / "out", Negative(), identity="tanaka key 1234", size=2)
    (hidden,) = (path for path in (tmp_path / "out").iterdir() if path.name.startswith("."))
    mark = json.loads(hidden.read_text())
    assert mark.keys() == {"protector", "size"}
    assert len(mark["protector"]) == 16 and "1234" not in hidden.read_text()
    # Library calls that name no protector leave none.
    protect_files(photos, tmp_path / "plain", Negative())
    assert not list((tmp_path / "plain").glob(".*"))


def test_the_mark_is_there_before_the_first_image(photos, tmp_path):
    mark, seen = tmp_path / "out/.tfppdnn.json", []
    protector = Negative(before=lambda images: seen.append(mark.is_file()))
    protect_files(photos, tmp_path / "out", protector, identity="one", workers=1)
    assert seen[0]


def test_a_run_that_made_nothing_does_not_bind_its_destination(photos, tmp_path):
    report = protect_files(photos, tmp_path / "out", Nothing(), identity="plain")
    assert len(report.failed) == 12
    assert protect_files(photos, tmp_path / "out", Negative(), identity="one").protected == 12
    with pytest.raises(UserError, match="another protector"):
        protect_files(photos, tmp_path / "out", Nothing(), identity="plain")


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"protector": "x"}'])
def test_a_damaged_mark_is_named(photos, tmp_path, content):
    protect_files(photos, tmp_path / "out", Negative(), identity="one")
    (tmp_path / "out/.tfppdnn.json").write_text(content)
    with pytest.raises(UserError, match=r"out/\.tfppdnn\.json is damaged"):
        protect_files(photos, tmp_path / "out", Negative(), identity="one")


def most(images):
    protected = 255 - images
    protected[:2] = images[:2]
    return protected


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda images: images, "changes too little of it; it was left out"),
        (most, "changes too little of it; it was left out"),
        (lambda images: np.add(images, 0, out=images), "changes too little"),
        (lambda images: 255 - images[:2], r"returned shape \[2, 4, 3\]"),
        (lambda images: 255 - images[np.newaxis], r"returned shape \[1, 3, 4, 3\]"),
        (lambda images: images / 255, "uint8"),
    ],
    ids=["nothing", "most", "nothing in place", "half", "batch", "floats"],
)
def test_what_a_wrong_protector_makes_is_not_written(photos, tmp_path, capsys, make, reason):
    protector = Negative()
    protector.protect = make
    report = protect_files(photos, tmp_path / "out", protector)
    complaints = capsys.readouterr().err
    assert report.protected == 0
    assert {path for path, _ in report.failed} == {str(path) for path in photos.rglob("*.bmp")}
    for path, said in report.failed:
        assert re.search(f"{path} cannot be protected: .*{reason}", said)
        assert said in complaints
    assert not list((tmp_path / "out").rglob("*.png"))


def test_a_protector_may_work_in_place(photos, tmp_path):
    protector = Negative()
    protector.protect = lambda images: np.subtract(255, images, out=images)
    assert protect_files(photos, tmp_path / "out", protector).protected == 12
    assert written(tmp_path / "out") == EXPECTED


def test_images_are_cropped_and_resized_before_they_are_protected(tmp_path):
    plain = np.zeros((40, 80, 3), np.uint8)
    plain[:, 20:60] = 200  # the central square
    (tmp_path / "in").mkdir()
    Image.fromarray(plain).save(tmp_path / "in/wide.png")
    shapes = []
    protector = Negative(before=lambda images: shapes.append(images.shape))
    protect_files(tmp_path / "in", tmp_path / "out", protector, size=16)
    assert shapes == [(16, 16, 3)]
    with Image.open(tmp_path / "out/wide.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.full((16, 16, 3), 55))


def test_a_bad_file_is_named_and_the_rest_go_on(photos, tmp_path, capsys):
    (photos / "1/broken.png").write_text("no picture")
    (photos / "huge.png").symlink_to(save(tmp_path / "elsewhere/large.png", 1))
    (tmp_path / "out/2/5.png").mkdir(parents=True)
    large = Image.new("RGB", (100, 100))
    large.save(tmp_path / "elsewhere/large.png")
    report = protect_files(photos, tmp_path / "out", Negative(), max_pixels=9_999)
    assert {Path(path).name for path, _ in report.failed} == {"broken.png", "huge.png", "5.bmp"}
    assert written(tmp_path / "out") == {k: v for k, v in EXPECTED.items() if k != "2/5.png"}
    complaints = capsys.readouterr().err
    for path, reason in report.failed:
        assert path in reason
        assert reason in complaints


def test_an_image_too_large_for_the_memory_is_named(photos, tmp_path):
    def refuse(images):
        if images[0, 0, 0] == 7:
            raise MemoryError("about 99 GiB would be needed")

    report = protect_files(photos, tmp_path / "out", Negative(before=refuse))
    assert [Path(path).name for path, _ in report.failed] == ["7.bmp"]
    assert "about 99 GiB" in report.failed[0][1]
    assert report.protected == 11


def test_the_destination_may_lie_in_the_source(photos):
    for run in range(2):
        report = protect_files(photos, photos / "protected", Negative())
        assert (report.protected, report.skipped) == ((12, 0), (0, 12))[run]
    assert written(photos / "protected") == EXPECTED


@pytest.mark.parametrize(
    ("source", "destination"),
    [
        ("photos", "photos"),
        ("photos", "link"),
        ("link", "photos"),
        ("photos", "photos/0/.."),
        ("photos/0", "photos"),
        ("photos/*/*.bmp", "photos"),
        ("photos/0/0.bmp", "photos/0"),
    ],
)
def test_plain_and_protected_images_are_never_mixed(photos, tmp_path, source, destination):
    (tmp_path / "link").symlink_to(photos)
    before = sorted(photos.rglob("*"))
    with pytest.raises(UserError, match="plain images"):
        protect_files(tmp_path / source, tmp_path / destination, Negative(), overwrite=True)
    assert sorted(photos.rglob("*")) == before


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_link_in_the_destination_does_not_replace_the_plain_image(tmp_path, overwrite):
    plain = save(tmp_path / "photos/a.png", 3)
    (tmp_path / "out").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.png").symlink_to(plain)
    report = protect_files(tmp_path / "photos", tmp_path / "out", Negative(), overwrite=overwrite)
    assert len(report.failed) == 1
    assert red(plain) == 3


@pytest.mark.parametrize(
    ("source", "destination", "reason"),
    [
        ("nothing", "out", "does not exist"),
        ("empty", "out", "holds no image"),
        ("photos/*.gif", "out", "holds no image"),
        ("none/*.png", "out", "matches nothing, since there is no folder"),
        ("photos", "file", "is a file, but DST is a folder.*quotes"),
        ("photos", "file/out", "cannot write to .*Not a directory"),
        ("photos/0/0.bmp", "out.png", "named like an image"),
    ],
)
def test_a_wrong_call_is_answered(photos, tmp_path, source, destination, reason):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=reason):
        protect_files(tmp_path / source, tmp_path / destination, Negative())
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "out.png").exists()


def test_an_unwritable_destination_is_named(photos, tmp_path, monkeypatch):
    def refuse(*args, **kwargs):  # what a read-only disk answers, even to root
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("tempfile.TemporaryFile", refuse)
    with pytest.raises(UserError, match=rf"{tmp_path / 'out'}: Read-only file system"):
        protect_files(photos, tmp_path / "out", Negative())


def test_a_full_disk_stops_the_run_and_keeps_what_was_made(photos, tmp_path, monkeypatch):
    calls = itertools.count()
    replace = os.replace

    def limited(one, other):
        if next(calls) < 3:
            return replace(one, other)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", limited)
    with pytest.raises(UserError, match="No space left on device"):
        protect_files(photos, tmp_path / "out", Negative(), workers=1)
    made = written(tmp_path / "out")
    assert len(made) == 3
    assert next(calls) < 12, "the run went on"
    assert not list((tmp_path / "out").rglob(".tfppdnn-????????"))
    monkeypatch.undo()
    report = protect_files(photos, tmp_path / "out", Negative())
    assert (report.protected, report.skipped) == (9, 3)
    assert written(tmp_path / "out") == EXPECTED


@pytest.fixture
def listening_to_ctrl_c():
    """Whoever started pytest in the background had it ignore the signal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_ctrl_c_leaves_whole_files_only(listening_to_ctrl_c, photos, tmp_path):
    calls = itertools.count(1)

    def interrupt(images):
        if next(calls) == 5:
            # As the terminal does it: to the thread that waits, not to the one that works.
            signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        protect_files(photos, tmp_path / "out", Negative(before=interrupt), workers=1)
    made = written(tmp_path / "out")
    assert made.items() <= EXPECTED.items()
    assert len(made) >= 4
    assert protect_files(photos, tmp_path / "out", Negative()).skipped == len(made)
    assert written(tmp_path / "out") == EXPECTED


def test_a_killed_run_goes_on_where_it_was(photos, tmp_path):
    script = """
import itertools, os, signal, sys
from tfppdnn.client.folder import protect_files
class Negative:
    def protect(self, images):
        return 255 - images
calls, replace = itertools.count(), os.replace
def killed(path, target):
    if next(calls) == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return replace(path, target)
os.replace = killed
protect_files(*sys.argv[1:], Negative(), workers=1)
"""
    out = tmp_path / "out"
    process = subprocess.run([sys.executable, "-c", script, photos, out], capture_output=True)
    assert process.returncode == -signal.SIGKILL
    assert len(list(out.rglob("*.png"))) == 4
    assert len(list(out.rglob(".tfppdnn-*"))) == 1, "the one being written"
    report = protect_files(photos, out, Negative())
    assert (report.protected, report.skipped) == (8, 4)
    assert written(out) == EXPECTED


def test_few_jobs_are_held_at_a_time():
    taken, finished, most = itertools.count(1), itertools.count(1), 0
    done = 0

    def jobs():
        nonlocal most
        for job in range(500):
            most = max(most, next(taken) - done)
            yield job

    results = set()
    for job, square in in_threads(lambda job: job * job, jobs(), workers=2):
        done = next(finished)
        results.add((job, square))
    assert results == {(job, job * job) for job in range(500)}
    assert most <= 9


def test_workers_work_at_the_same_time(photos, tmp_path):
    meeting = threading.Barrier(2, timeout=30)
    # Each image waits for another one: a single worker would break the barrier.
    report = protect_files(
        photos, tmp_path / "out", Negative(before=lambda images: meeting.wait()), workers=2
    )
    assert report.protected == 12


def test_metadata_and_shape_of_a_photo(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif.get_ifd(0x8825)[1] = "N"
    stored = np.zeros((5, 9, 3), np.uint8)
    (tmp_path / "in").mkdir()
    Image.fromarray(stored).save(tmp_path / "in/photo.webp", exif=exif, lossless=True)
    protect_files(tmp_path / "in/photo.webp", tmp_path / "out", Negative())
    with Image.open(tmp_path / "out/photo.png") as image:
        assert image.size == (5, 9)
        assert not image.getexif()
        assert image.info == {}


def test_a_link_in_the_destination_is_nothing_that_was_protected(photos, tmp_path, capsys):
    protect_files(photos, tmp_path / "out", Negative())
    (tmp_path / "out/0/0.png").unlink()
    (tmp_path / "out/0/0.png").symlink_to(save(tmp_path / "else.png", 7))
    report = protect_files(photos, tmp_path / "out", Negative())
    assert (report.skipped, len(report.failed)) == (11, 1)
    assert "out/0/0.png: that is a link; remove it" in capsys.readouterr().err
    report = protect_files(photos, tmp_path / "out", Negative(), overwrite=True)
    assert written(tmp_path / "out") == EXPECTED
    assert red(tmp_path / "else.png") == 7


def test_an_empty_file_that_a_power_cut_left_is_made_again(photos, tmp_path):
    protect_files(photos, tmp_path / "out", Negative())
    (tmp_path / "out/0/0.png").write_bytes(b"")
    report = protect_files(photos, tmp_path / "out", Negative())
    assert (report.protected, report.skipped) == (1, 11)
    assert written(tmp_path / "out") == EXPECTED
