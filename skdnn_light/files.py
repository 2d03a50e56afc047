"""Files of saved models: a zip archive of ``model.json`` and ``arrays.safetensors``.

The second has the format of the safetensors library: the length of a header, the header in JSON
(dtype, shape and place of each array), and the arrays in little-endian order. Nothing in a file is
executed, and what is allocated is limited by the size of the file and by ``MOST_JSON``.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from math import prod
from typing import Any, BinaryIO

import numpy as np

#: What ``model.json`` begins with.
FORMAT = "skdnn model"
#: Files of this version and all before it can be read.
VERSION = 1
DOCUMENT, ARRAYS = "model.json", "arrays.safetensors"
#: Limit of ``model.json``, in bytes.
MOST_JSON = 2**28
#: Names of the dtypes in safetensors.
DTYPES = {"BOOL": "|b1", "U8": "|u1", "I64": "<i8", "F32": "<f4", "F64": "<f8"}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}


def write(file: BinaryIO, document: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model.

    Parameters
    ----------
    file : binary file
    document : dict
        What JSON can hold.
    arrays : mapping of str to array
    """
    data = _packed(arrays)
    head = {"format": FORMAT, "format_version": VERSION, "sha256": sha256(data).hexdigest()}
    text = json.dumps({**head, **document}, allow_nan=False, ensure_ascii=False)
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(DOCUMENT, text.encode(), zipfile.ZIP_DEFLATED)
        archive.writestr(ARRAYS, data, zipfile.ZIP_STORED)


def read(file: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a model.

    Parameters
    ----------
    file : path or binary file

    Returns
    -------
    document : dict
    arrays : dict of str to array
        Read-only.

    Raises
    ------
    ValueError
        If it is not such a file, if it is damaged, or if a later version has made it.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            sizes = {each.filename: each for each in archive.infolist()}
            for name in (DOCUMENT, ARRAYS):
                if name not in sizes:
                    raise ValueError(f"there is no {name} in it")
            with archive.open(DOCUMENT) as part:
                text = part.read(MOST_JSON + 1)
            if len(text) > MOST_JSON:
                raise ValueError(f"{DOCUMENT} is larger than {MOST_JSON} bytes")
            if sizes[ARRAYS].compress_type != zipfile.ZIP_STORED:
                raise ValueError(f"{ARRAYS} is compressed")
            document = json.loads(text)
            _check_version(document)
            data = archive.read(ARRAYS)
    except OSError:
        raise
    # What damaged archives and texts raise.
    except Exception as error:
        raise ValueError(f"Not a saved skdnn model, or a damaged one: {error}.") from error
    if sha256(data).hexdigest() != document.get("sha256"):
        raise ValueError("A damaged skdnn model: the digest of the arrays is another one.")
    try:
        return document, _unpacked(data)
    except (AttributeError, IndexError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"A damaged skdnn model: {ARRAYS}: {error!r}.") from error


def _check_version(document: Any) -> None:
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{DOCUMENT} does not describe a model")
    version = document.get("format_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"its version is {version!r}")
    if version > VERSION:
        raise ValueError(
            f"its format has version {version}, and this version of skdnn reads up to {VERSION}"
        )


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    header, parts, end = {}, [], 0
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<").str
        part = np.ascontiguousarray(array, dtype).tobytes()
        start, end = end, end + len(part)
        header[name] = {
            "dtype": _NAMES[dtype], "shape": list(array.shape), "data_offsets": [start, end]
        }  # fmt: skip
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # so that the arrays are aligned
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def _unpacked(data: bytes) -> dict[str, np.ndarray]:
    start = 8 + int.from_bytes(data[:8], "little")
    if not 8 < start <= len(data):
        raise ValueError("the length of the header is wrong")
    arrays = {}
    for name, entry in json.loads(data[8:start]).items():
        if name == "__metadata__":
            continue
        dtype, shape = np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])
        first, last = entry["data_offsets"]
        if any(type(n) is not int or n < 0 for n in (*shape, first, last)):
            raise ValueError(f"{name!r} has shape {shape} and place {first}, {last}")
        n_values = prod(shape)
        if last - first != n_values * dtype.itemsize or start + last > len(data):
            raise ValueError(f"the size of {name!r} is wrong")
        arrays[name] = np.frombuffer(data, dtype, n_values, start + first).reshape(shape)
    return arrays
