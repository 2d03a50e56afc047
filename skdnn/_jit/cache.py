"""Disk cache of compiled entries, which never fails if it is missing, full or damaged.

Numba's cache does not verify its files before it unpickles and runs them. An index maps signatures
to files, and two processes that compile at the same time can mix them up. It also ignores read-only
directories.

Here a file contains one specialization of one entry. Its name and its digest depend on everything
that the machine code depends on, so there is no index, and damaged or wrong files are never
unpickled. Time stamps do not matter, since the name of an entry contains a digest of the sources:
the cache also works in container images with copied files.
"""

from __future__ import annotations

import hashlib
import inspect
import os
import sys
import uuid
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import numba
from numba import config


class DiskCache:
    """Machine code of an entry in files that are verified before they are loaded.

    Parameters
    ----------
    function : callable
        The compiled function of a module.
    directories : list of str
        Directories to search, in this order.
    """

    def __init__(self, function: Any, directories: list[str]) -> None:
        module = os.path.splitext(os.path.basename(inspect.getfile(function)))[0]
        name = function.__qualname__.replace("<", "").replace(">", "")  # Windows has none of these
        version = f"{sys.version_info[0]}{sys.version_info[1]}{getattr(sys, 'abiflags', '')}"
        self._name = f"{module}.{name}.py{version}"
        self._byte_code = inspect.unwrap(function).__code__.co_code
        self.directories = directories

    def key(self, sig: Any, processor: tuple) -> bytes:
        """Digest of everything that the machine code depends on."""
        # Not a pickle, since equal objects may have different pickles.
        parts = (
            self._name, self._byte_code, str(sig), processor, numba.__version__, config.BOUNDSCHECK,
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).digest()

    def load(self, key: bytes, rebuild: Callable[[bytes], Any]) -> Any:
        """Result of ``rebuild`` for the first valid file; None if there is none."""
        for directory in self.directories:
            # Errors are ignored: the entry is then compiled.
            with suppress(Exception):
                with open(os.path.join(directory, self._file_name(key)), "rb") as file:
                    payload = checked(key, file.read())
                return rebuild(payload)
        return None

    def save(self, key: bytes, dump: Callable[[], bytes]) -> None:
        """Store the result of ``dump``; warn if this fails."""
        try:
            self._write(self._file_name(key), sealed(key, dump()))
        except Exception as error:
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            _warn_once(
                f"skdnn cannot store its compiled kernels in {self.directories[0]} ({reason}) and "
                "will compile them again in every process; free some disk space, or set the "
                "environment variable NUMBA_CACHE_DIR to a writable directory."
            )

    def _file_name(self, key: bytes) -> str:
        return f"{self._name}-{key.hex()[:16]}.nbc"

    def _write(self, name: str, content: bytes) -> None:
        """Write to the first directory that is writable."""
        errors = []
        for directory in self.directories:
            try:
                return write_at_once(os.path.join(directory, name), content)
            except OSError as error:
                errors.append(error)
        raise errors[0]


def sealed(key: bytes, payload: bytes) -> bytes:
    """Content of a file: a digest of both, and the payload."""
    return hashlib.sha256(key + payload).digest() + payload


def checked(key: bytes, content: bytes) -> bytes:
    """The payload of ``sealed``.

    Raises
    ------
    ValueError
        If the content was not written for this key.
    """
    payload = content[hashlib.sha256().digest_size :]
    if content != sealed(key, payload):
        raise ValueError("The file is damaged or belongs to something else.")
    return payload


def write_at_once(path: str, content: bytes) -> None:
    """Write a file atomically."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    part = f"{path}.{uuid.uuid4().hex[:16]}.tmp"
    try:
        with open(part, "wb") as file:
            file.write(content)
        os.replace(part, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


def _warn_once(message: str) -> None:
    """Warn at most once per process."""
    if not _warned:
        _warned.append(message)
        warnings.warn(message, UserWarning, stacklevel=6)


#: Warnings that were issued.
_warned: list[str] = []
