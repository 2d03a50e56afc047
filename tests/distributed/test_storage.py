"""Encoded rows in memory or in files."""

import mmap
import os
import threading
from errno import ENOSPC
from pathlib import Path

import numpy as np
import pytest

from skdnn.distributed import _storage
from skdnn.distributed._storage import Storage


def pieces(counts=(3, 0, 5, 2), seed=0):
    random = np.random.default_rng(seed)
    return [
        [
            random.normal(size=(n, 4)).astype(np.float32),
            random.integers(9, size=(n, 0)).astype(np.int32),
            random.integers(9, size=(n, 3)).astype(np.uint8),
        ]
        for n in counts
    ]


def mapped():
    """Bytes of files without a name that this process has mapped."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    ends = [line.split()[0].split("-") for line in lines if line.endswith("(deleted)")]
    return sum(int(end, 16) - int(start, 16) for start, end in ends)


@pytest.mark.parametrize("max_bytes", [0, np.inf])
def test_rows_of_pieces_one_below_the_other(tmp_path, max_bytes):
    expected = [np.concatenate(each) for each in zip(*pieces(), strict=True)]
    with Storage(str(tmp_path), max_bytes) as storage:
        found = storage.stacked(iter(pieces()), 10)
        assert (storage.window is None) == (max_bytes > 0)
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)
            assert a.dtype == b.dtype


def test_the_bytes_of_all_arrays_decide(tmp_path):
    """A row has 16 + 3 bytes."""
    for max_bytes, in_files in ((190, False), (189, True)):
        with Storage(str(tmp_path), max_bytes) as storage:
            storage.stacked(pieces(), 10)
            assert (storage.window is not None) == in_files


def test_rows_are_the_same_after_their_pages_were_given_back(tmp_path, monkeypatch):
    monkeypatch.setattr(_storage, "MAPPED_BYTES", -(2**60))  # always
    monkeypatch.setattr(_storage, "LOOK_SECONDS", 0.001)
    released = threading.Event()

    class Pages(mmap.mmap):
        def madvise(self, *arguments):
            super().madvise(*arguments)
            released.set()

    monkeypatch.setattr(mmap, "mmap", Pages)
    with Storage(str(tmp_path), 0) as storage:
        found = storage.stacked(pieces(), 10)[0]
        assert found.sum()
        released.clear()
        assert released.wait(30)
        np.testing.assert_array_equal(found, np.concatenate([each[0] for each in pieces()]))


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="only Linux has it")
def test_nothing_is_left_of_files(tmp_path):
    before = mapped()
    with Storage(str(tmp_path), 0) as storage:
        found = storage.stacked(pieces(), 10)
        assert mapped() > before
        assert not os.listdir(tmp_path)
    del found, storage
    assert mapped() == before
    assert not any(thread.name == "skdnn-pages" for thread in threading.enumerate())


def test_nothing_is_left_after_an_error(tmp_path):
    def broken():
        yield from pieces()[:2]
        raise OSError(ENOSPC, "No space left on device")

    with (
        pytest.raises(OSError, match="No space left"),
        Storage(str(tmp_path), 0) as storage,
    ):
        storage.stacked(broken(), 10)
    assert not os.listdir(tmp_path)
    assert not any(thread.name == "skdnn-pages" for thread in threading.enumerate())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has it")
def test_a_full_disk_is_an_error(monkeypatch):
    def full(**options):
        return open("/dev/full", "wb", 0)

    monkeypatch.setattr(_storage, "TemporaryFile", full)
    with Storage(None, 0) as storage, pytest.raises(OSError, match="No space left"):
        storage.stacked(pieces(), 10)
