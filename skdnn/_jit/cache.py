"""The disk cache of compiled entries: absent, full or damaged, it is no reason to fail.

Numba's cache trusts its files: it unpickles and runs whatever is in them. An index says which file
has which signature, and two processes that compile at once can mix the two up. It also leaves out
directories that cannot be written to, though all may be there.

Here a file has one specialisation of one entry. Its name and its digest come from all that decides
the machine code, so there is no index, and what is damaged or belongs elsewhere is never unpickled.
Times of files do not matter: the name of an entry holds a digest of the sources. So an image hits
whose files were copied.
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
    """Machine code of an entry in files that are checked before they are loaded.

    Parameters
    ----------
    function : callable
        What is compiled, of a module.
    directories : list of str
        Where files can be, in this order.
    """

    def __init__(self, function: Any, directories: list[str]) -> None:
        module = os.path.splitext(os.path.basename(inspect.getfile(function)))[0]
        name = function.__qualname__.replace("<", "").replace(">", "")  # Windows has none of these
        version = f"{sys.version_info[0]}{sys.version_info[1]}{getattr(sys, 'abiflags', '')}"
        self._name = f"{module}.{name}.py{version}"
        self._byte_code = inspect.unwrap(function).__code__.co_code
        self.directories = directories

    def key(self, sig: Any, processor: tuple) -> bytes:
        """Digest of all that decides the machine code."""
        # Not a pickle: the same objects may be pickled in several ways.
        parts = (
            self._name, self._byte_code, str(sig), processor, numba.__version__, config.BOUNDSCHECK,
        )  # fmt: skip
        return hashlib.sha256(repr(parts).encode()).digest()

    def load(self, key: bytes, rebuild: Callable[[bytes], Any]) -> Any:
        """What ``rebuild`` makes of the first file that it can be made of; None without one."""
        for directory in self.directories:
            # Whatever is wrong with a file, there is another way to the machine code.
            with suppress(Exception):
                with open(os.path.join(directory, self._file_name(key)), "rb") as file:
                    payload = checked(key, file.read())
                return rebuild(payload)
        return None

    def save(self, key: bytes, dump: Callable[[], bytes]) -> None:
        """Keep what ``dump`` returns; warn where that fails."""
        try:
            self._write(self._file_name(key), sealed(key, dump()))
        except Exception as error:
            reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
            _warn_once(
                f"skdnn cannot keep its compiled kernels in {self.directories[0]} ({reason}) and "
                "will compile them again in every process; make room there, or set the environment "
                "variable NUMBA_CACHE_DIR to a writable directory."
            )

    def _file_name(self, key: bytes) -> str:
        return f"{self._name}-{key.hex()[:16]}.nbc"

    def _write(self, name: str, content: bytes) -> None:
        """Write to the first directory where it succeeds."""
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
        If this is not what was written for the key.
    """
    payload = content[hashlib.sha256().digest_size :]
    if content != sealed(key, payload):
        raise ValueError("The file is damaged or belongs to something else.")
    return payload


def write_at_once(path: str, content: bytes) -> None:
    """Write a file that others see as it was before or as it is in the end."""
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
    """Once in a process, whatever the reasons are."""
    if not _warned:
        _warned.append(message)
        warnings.warn(message, UserWarning, stacklevel=6)


#: What was warned of.
_warned: list[str] = []
