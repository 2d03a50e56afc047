"""Files of saved models: a zip archive of ``model.json`` and ``arrays.safetensors``.

The second has the format of the safetensors library: the length of a header, the header in JSON
(dtype, shape and place of each array), and the arrays in little-endian order. Nothing in a file is
executed, and the memory that reading takes is limited by the size of the file.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from hashlib import sha256
from io import BytesIO
from math import prod
from typing import Any, BinaryIO
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from skdnn_light.checks import check

#: What ``model.json`` begins with.
FORMAT = "skdnn model"
#: Files of this version and all before it can be read.
VERSION = 1
DOCUMENT, ARRAYS = "model.json", "arrays.safetensors"
#: Largest ``model.json`` in bytes.
MOST_JSON = 2**26
#: Text that could be compressed by a larger factor is stored as it is: a reader then never needs
#: much more memory than the file has bytes.
MOST_RATIO = 8
#: Names of the dtypes in safetensors.
DTYPES = {"F64": "<f8", "I64": "<i8", "F32": "<f4"}
_NAMES = {dtype: name for name, dtype in DTYPES.items()}
#: What a zip archive begins with.
_MAGIC = b"PK\x03\x04"


def write(file: BinaryIO, document: dict[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Write a model. The same model makes the same bytes.

    Parameters
    ----------
    file : binary file
    document : dict
        What JSON can hold.
    arrays : mapping of str to array
        Of float64, int64 or float32.

    Raises
    ------
    ValueError
        If the document is too large to be read again.
    """
    data = _packed(arrays)
    head = {"format": FORMAT, "format_version": VERSION, "sha256": sha256(data).hexdigest()}
    text = json.dumps({**head, **document, **head}, allow_nan=False).encode()
    if len(text) > MOST_JSON:
        raise ValueError(
            f"The description of the model has {len(text)} bytes, but a file can hold {MOST_JSON}: "
            "is there a column with millions of categories?"
        )
    compresses_much = len(zlib.compress(text)) * MOST_RATIO < len(text)
    with ZipFile(file, "w") as archive:
        archive.writestr(_entry(DOCUMENT), text, ZIP_STORED if compresses_much else ZIP_DEFLATED)
        archive.writestr(_entry(ARRAYS), data, ZIP_STORED)


def read(file: Any) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a model, and check it.

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
    content = _content(file)
    if not content.startswith(_MAGIC):
        raise ValueError("Not a saved skdnn model: it is not a zip archive.")
    try:
        document, data = _unzipped(content)
    except MemoryError:
        raise
    # What damaged archives and texts raise.
    except Exception as error:
        raise ValueError(f"Not a saved skdnn model, or a damaged one: {_reason(error)}.") from error
    _check_version(document)
    try:
        if sha256(data).hexdigest() != document.get("sha256"):
            raise ValueError("the digest of the arrays is another one")
        arrays = _unpacked(data)
        check(document, arrays)
    except MemoryError:
        raise
    except Exception as error:
        raise ValueError(f"A damaged skdnn model: {_reason(error)}.") from error
    return document, arrays


def _content(file: Any) -> bytes:
    if not hasattr(file, "read"):
        with open(file, "rb") as stream:
            # Not all of a large file of another kind.
            return stream.read() if stream.peek(4).startswith(_MAGIC) else b""
    content = file.read()
    if not isinstance(content, bytes):
        raise TypeError(
            f"A model is read from a path or a binary file. Got a file of {type(content).__name__}."
        )
    return content


def _reason(error: Exception) -> str:
    if type(error) is ValueError:
        return str(error).rstrip(".")
    return f"no field {error}" if isinstance(error, KeyError) else repr(error)


def _entry(name: str) -> ZipInfo:
    # Its date is always the same.
    entry = ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


def _unzipped(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The document and the bytes of the arrays."""
    with ZipFile(BytesIO(content)) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        for name, accepted in (DOCUMENT, {ZIP_STORED, ZIP_DEFLATED}), (ARRAYS, {ZIP_STORED}):
            if name not in entries:
                raise ValueError(f"there is no {name} in it")
            if entries[name].compress_type not in accepted:
                raise ValueError(f"{name} is compressed in another way")
        size = min(entries[DOCUMENT].compress_size, len(content))
        limit = min(MOST_JSON, MOST_RATIO * size)
        with archive.open(DOCUMENT) as part:
            text = part.read(limit + 1)
        if len(text) > limit:
            raise ValueError(f"{DOCUMENT} has more than {limit} bytes")
        document = json.loads(text, parse_constant=_refuse)
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise ValueError(f"{DOCUMENT} does not describe a model")
        return document, archive.read(ARRAYS)


def _refuse(constant: str) -> None:
    raise ValueError(f"{DOCUMENT} has the number {constant}")


def _check_version(document: dict[str, Any]) -> None:
    version = document.get("format_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"A damaged skdnn model: the version of its format is {version!r}.")
    if version > VERSION:
        raise ValueError(
            f"This model was saved by a later version of skdnn ({document.get('skdnn_version')}): "
            f"its format has version {version}, and this version of skdnn reads those up to "
            f"{VERSION}. Update skdnn."
        )


def _packed(arrays: Mapping[str, np.ndarray]) -> bytes:
    header, parts, end = {}, [], 0
    # Those of the larger items first, so that all are aligned.
    for name, array in sorted(arrays.items(), key=lambda item: -item[1].itemsize):
        dtype = array.dtype.newbyteorder("<").str
        part = np.ascontiguousarray(array, dtype).tobytes()
        start, end = end, end + len(part)
        header[name] = {
            "dtype": _NAMES[dtype], "shape": list(array.shape), "data_offsets": [start, end]
        }  # fmt: skip
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([len(text).to_bytes(8, "little"), text, *parts])


def _unpacked(data: bytes) -> dict[str, np.ndarray]:
    begin = 8 + int.from_bytes(data[:8], "little")
    if not 8 < begin <= len(data):
        raise ValueError("the length of the header is wrong")
    arrays, end = {}, begin
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    # One after the other: arrays that share their bytes could be many times as large as the file.
    for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        dtype, shape = np.dtype(DTYPES[entry["dtype"]]), tuple(entry["shape"])
        if any(type(n) is not int or n < 0 for n in shape):
            raise ValueError(f"{name!r} has the shape {shape}")
        n_values, start = prod(shape), end
        end += n_values * dtype.itemsize
        if entry["data_offsets"] != [start - begin, end - begin] or end > len(data):
            raise ValueError(f"the place of {name!r} is wrong")
        arrays[name] = np.frombuffer(data, dtype, n_values, start).reshape(shape)
    if end != len(data):
        raise ValueError("there are bytes that belong to no array")
    return arrays
