"""Work that is done once for every picture survives being stopped."""

import zipfile

import numpy as np
import pytest

from tfppdnn.errors import UserError
from tfppdnn.training import shards
from tfppdnn.training.shards import made_in_shards

COUNT = 50


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    monkeypatch.setattr(shards, "_SHARD", 20)


def squares(some):
    return {"squares": np.arange(COUNT)[some] ** 2}


def test_rows_come_in_order_whatever_the_pieces(tmp_path):
    made = made_in_shards(tmp_path, COUNT, squares, title="squares", batch=7)
    np.testing.assert_array_equal(made["squares"], np.arange(COUNT) ** 2)


def test_what_was_finished_is_not_made_again(tmp_path):
    seen = []

    def stop_in_the_second(some):
        seen.append(some.start)
        if some.start >= 30:
            raise KeyboardInterrupt
        return squares(some)

    with pytest.raises(KeyboardInterrupt):
        made_in_shards(tmp_path, COUNT, stop_in_the_second, title="squares", batch=10)
    assert seen == [0, 10, 20, 30]
    again = []

    def note(some):
        again.append(some.start)
        return squares(some)

    made = made_in_shards(tmp_path, COUNT, note, title="squares", batch=10)
    assert again == [20, 30, 40]
    np.testing.assert_array_equal(made["squares"], np.arange(COUNT) ** 2)


def test_a_damaged_piece_is_named(tmp_path):
    made_in_shards(tmp_path, COUNT, squares, title="squares")
    (tmp_path / "00000020.npz").write_bytes(b"half")
    with pytest.raises(UserError, match=r"00000020\.npz is damaged; delete it"):
        made_in_shards(tmp_path, COUNT, squares, title="squares")


def test_a_piece_that_cannot_be_read_now_is_not_called_damaged(tmp_path):
    made_in_shards(tmp_path, COUNT, squares, title="squares")
    piece = tmp_path / "00000020.npz"
    piece.unlink()
    piece.mkdir()
    with pytest.raises(UserError, match=r"20\.npz cannot be read: Is a directory; when") as refused:
        made_in_shards(tmp_path, COUNT, squares, title="squares")
    assert "delete" not in str(refused.value)


def test_too_little_memory_for_a_piece_is_not_called_damage(tmp_path):
    made_in_shards(tmp_path, COUNT, squares, title="squares")
    header = {"descr": "<i8", "fortran_order": False, "shape": (10**15,)}
    with (
        zipfile.ZipFile(tmp_path / "00000020.npz", "w") as archive,
        archive.open("squares.npy", "w") as large,
    ):
        np.lib.format.write_array_header_1_0(large, header)
    with pytest.raises(MemoryError):
        made_in_shards(tmp_path, COUNT, squares, title="squares")
