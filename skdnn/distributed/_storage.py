"""Encoded rows of a worker, in memory or in files.

Files are written piece by piece and then mapped into memory. They have no name (where the system
allows that), so that nothing is left of them whatever becomes of the process. Mapped pages that
were read count as memory of the process, for Dask, too: a thread gives them back to the system,
which may keep them in its cache.
"""

from __future__ import annotations

import mmap
import threading
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from types import TracebackType
from typing import Protocol, Self

import numpy as np

from skdnn.training.sampling import Window

#: Bytes of mapped pages that are given back, and seconds between two looks at them.
MAPPED_BYTES, LOOK_SECONDS = 2**27, 0.01
#: Bytes that are written at a time. The system caches what is written at once as one page, if it
#: can, and maps all of it if one byte is read.
WRITE_BYTES = 2**16
#: Bytes of the rows that are shuffled together, and of a block of them.
WINDOW_BYTES, BLOCK_BYTES = 2**26, 2**19


def _mapped_bytes() -> float:
    """Bytes of the pages of files in the memory of this process; on Linux, else 0."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[2]) * mmap.PAGESIZE
    except OSError:
        return 0


class _Growing(Protocol):
    def append(self, rows: np.ndarray) -> None: ...

    def finish(self) -> np.ndarray: ...


class _InMemory:
    """An array that is filled from the first row on."""

    def __init__(self, like: np.ndarray, n_rows: int) -> None:
        self.array, self.n_filled = np.empty((n_rows, *like.shape[1:]), like.dtype), 0

    def append(self, rows: np.ndarray) -> None:
        self.array[self.n_filled : self.n_filled + len(rows)] = rows
        self.n_filled += len(rows)

    def finish(self) -> np.ndarray:
        return self.array


class _InFile:
    """An array that is written to a file."""

    def __init__(self, like: np.ndarray, n_rows: int, storage: Storage) -> None:
        self.shape, self.dtype, self.storage = (n_rows, *like.shape[1:]), like.dtype, storage
        file = TemporaryFile(dir=storage.directory, buffering=0)  # noqa: SIM115
        self.file, self.n_bytes = storage.files.enter_context(file), 0

    def append(self, rows: np.ndarray) -> None:
        # Not by the mapping: a full disk would be a signal that ends the process.
        left = np.ascontiguousarray(rows).reshape(-1).view(np.uint8).data
        while left:
            n_written = self.file.write(left[:WRITE_BYTES])
            left, self.n_bytes = left[n_written:], self.n_bytes + n_written

    def finish(self) -> np.ndarray:
        if not self.n_bytes:
            return np.empty(self.shape, self.dtype)
        pages = mmap.mmap(self.file.fileno(), 0, access=mmap.ACCESS_READ)
        self.storage.maps.append(pages)
        return np.frombuffer(pages, self.dtype).reshape(self.shape)


class Storage:
    """Where encoded rows are stored; a context manager around their use.

    Parameters
    ----------
    directory : str, default=None
        For files; None is that of the system.
    max_bytes : float, default=inf
        Rows that take more bytes are stored in files.

    Attributes
    ----------
    window : Window or None
        How the rows should be shuffled; None in memory.
    """

    def __init__(self, directory: str | None = None, max_bytes: float = np.inf) -> None:
        self.directory, self.max_bytes = directory, max_bytes
        self.maps: list[mmap.mmap] = []
        self.files = ExitStack()
        self.window: Window | None = None
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def stacked(self, pieces: Iterable[list[np.ndarray]], n_rows: int) -> list[np.ndarray]:
        """The rows of successive pieces as one array for each array of a piece.

        Parameters
        ----------
        pieces : iterable of lists of (n, n_columns) arrays
            The same number of arrays in each piece, with ``n_rows`` rows in all.
        n_rows : int

        Raises
        ------
        OSError
            If the disk is full.
        """
        growing: list[_Growing] = []
        for piece in pieces:
            if not growing:
                row_bytes = sum(each.itemsize * each.shape[1] for each in piece)
                growing = self._begin(piece, n_rows, row_bytes)
            for array, rows in zip(growing, piece, strict=True):
                array.append(rows)
            del piece, rows  # before the next one is made
        arrays = [array.finish() for array in growing]
        self.files.close()  # what is mapped stays
        return arrays

    def _begin(self, piece: list[np.ndarray], n_rows: int, row_bytes: int) -> list[_Growing]:
        if n_rows * row_bytes <= self.max_bytes:
            return [_InMemory(each, n_rows) for each in piece]
        block = max(1, BLOCK_BYTES // row_bytes)
        self.window = Window(block, WINDOW_BYTES // BLOCK_BYTES)
        if self._thread is None and hasattr(mmap, "MADV_DONTNEED"):
            self._thread = threading.Thread(target=self._release, name="skdnn-pages", daemon=True)
            self._thread.start()
        return [_InFile(each, n_rows, self) for each in piece]

    def _release(self) -> None:
        before = _mapped_bytes()
        while not self._ended.wait(LOOK_SECONDS):
            if _mapped_bytes() > before + MAPPED_BYTES:
                for pages in list(self.maps):
                    pages.madvise(mmap.MADV_DONTNEED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self.files.close()
        # The arrays hold the pages as long as they are used.
        self.maps.clear()
