"""Columns, and what they come in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from fuzz.cases import Data
from scipy import sparse

_WORDS = np.array(["red", "green", "blue", "", "é", "$x_1$", "red ", "1.0"], dtype=object)


def _with_gaps(values: np.ndarray, rng: np.random.RandomState, missing: Any = np.nan) -> np.ndarray:
    values = values.copy()
    values[rng.rand(values.size) < 0.3] = missing
    return values


def outliers(n: int, rng: np.random.RandomState) -> np.ndarray:
    values = rng.randn(n)
    values[rng.rand(n) < 0.2] *= 1e12
    return values


#: Numbers: name -> (n_rows, random) -> float64 column.
NUMBERS: dict[str, Callable[[int, np.random.RandomState], np.ndarray]] = {
    "normal": lambda n, rng: rng.randn(n),
    "shifted": lambda n, rng: 1e6 + rng.randn(n),
    "counts": lambda n, rng: rng.poisson(2, n).astype(float),
    "binary": lambda n, rng: (rng.rand(n) < 0.5).astype(float),
    "constant": lambda n, rng: np.full(n, 3.5),
    "zeros": lambda n, rng: np.zeros(n),
    "rare": lambda n, rng: (np.arange(n) == 0).astype(float),
    "missing": lambda n, rng: _with_gaps(rng.randn(n), rng),
    "all_missing": lambda n, rng: np.full(n, np.nan),
    "outliers": outliers,
    "huge": lambda n, rng: rng.randn(n) * 1e300,
    "largest": lambda n, rng: np.where(rng.rand(n) < 0.5, 1, -1) * np.finfo(float).max,
    "large32": lambda n, rng: rng.randn(n) * 1e37,
    "tiny": lambda n, rng: rng.randn(n) * 1e-300,
    "subnormal": lambda n, rng: rng.randint(-3, 4, n) * 5e-324,
    "mixed_scales": lambda n, rng: rng.randn(n) * 10.0 ** rng.randint(-300, 300, n),
    "negative_zero": lambda n, rng: np.where(rng.rand(n) < 0.5, -0.0, 1.0),
}


def _category(n: int, rng: np.random.RandomState) -> pd.Series:
    # Some values are missing, some categories never occur.
    return pd.Series(pd.Categorical.from_codes(rng.randint(-1, 3, n), ["a", "b", "c", "never"]))


def _mixed(n: int, rng: np.random.RandomState) -> pd.Series:
    values = np.array(["a", 1, 2.5, True, None, "b"], dtype=object)
    return pd.Series(values[rng.randint(0, values.size, n)], dtype=object)


#: Columns of data frames and arrays of objects: name -> (n_rows, random) -> Series.
OTHERS: dict[str, Callable[[int, np.random.RandomState], pd.Series]] = {
    "category": _category,
    "number_category": lambda n, rng: pd.Series(pd.Categorical(rng.randint(0, 3, n) * 1.5)),
    "ordered": lambda n, rng: pd.Series(
        pd.Categorical(rng.choice(["low", "high"], n), ["low", "high"], ordered=True)
    ),
    "words": lambda n, rng: pd.Series(_WORDS[rng.randint(0, _WORDS.size, n)], dtype=object),
    "words_missing": lambda n, rng: pd.Series(
        _with_gaps(_WORDS[rng.randint(0, 3, n)], rng, None), dtype=object
    ),
    "string": lambda n, rng: pd.Series(_WORDS[rng.randint(0, 3, n)], dtype="string"),
    "many": lambda n, rng: pd.Series([f"c{i}" for i in rng.randint(0, 500, n)], dtype=object),
    "bool": lambda n, rng: pd.Series(rng.rand(n) < 0.5),
    "nullable_bool": lambda n, rng: pd.Series(
        _with_gaps((rng.rand(n) < 0.5).astype(object), rng, pd.NA), dtype="boolean"
    ),
    "nullable_int": lambda n, rng: pd.Series(
        _with_gaps(rng.randint(0, 9, n).astype(object), rng, pd.NA), dtype="Int64"
    ),
    "nullable_float": lambda n, rng: pd.Series(_with_gaps(rng.randn(n), rng), dtype="Float64"),
    "int8": lambda n, rng: pd.Series(rng.randint(-128, 128, n), dtype="int8"),
    "uint64": lambda n, rng: pd.Series(rng.randint(0, 2**31, n).astype("uint64") * 2**33),
    "float16": lambda n, rng: pd.Series(rng.randn(n), dtype="float16"),
    "object_numbers": lambda n, rng: pd.Series(
        _with_gaps(rng.randn(n).astype(object), rng, None), dtype=object
    ),
    "big_ints": lambda n, rng: pd.Series([int(i) * 10**20 for i in rng.randint(0, 9, n)]),
    "mixed": _mixed,
    "all_none": lambda n, rng: pd.Series([None] * n, dtype=object),
    "sparse": lambda n, rng: pd.Series(pd.arrays.SparseArray(rng.poisson(0.5, n).astype(float))),
}  # fmt: skip
#: Columns that are refused.
REFUSED: dict[str, Callable[[int, np.random.RandomState], pd.Series]] = {
    "dates": lambda n, rng: pd.Series(pd.Timestamp("2024-02-29") + pd.to_timedelta(
        rng.randint(0, 99, n), unit="D"
    )),
    "complex": lambda n, rng: pd.Series(rng.randn(n) + 1j),
    "lists": lambda n, rng: pd.Series([[1]] * n, dtype=object),
}  # fmt: skip
COLUMNS = (*NUMBERS, "duplicate", *OTHERS, *REFUSED)


def _series(kinds: tuple[str, ...], n: int, rng: np.random.RandomState) -> list[pd.Series]:
    made: list[pd.Series] = []
    for kind in kinds:
        if kind == "duplicate":
            made.append(made[-1].copy() if made else pd.Series(rng.randn(n)))
        else:
            make = {**NUMBERS, **OTHERS, **REFUSED}[kind]
            made.append(pd.Series(make(n, rng)))
    return made


def _numbers(kinds: tuple[str, ...], n: int, rng: np.random.RandomState) -> np.ndarray:
    """All columns as numbers: those of other kinds are codes."""
    columns: list[np.ndarray] = []
    for kind in kinds:
        if kind == "duplicate" and columns:
            columns.append(columns[-1])
        else:
            columns.append(NUMBERS.get(kind, NUMBERS["counts"])(n, rng))
    return np.array(columns, dtype=float).reshape(len(kinds), n).T


# -------------------------------------------------------------------------------------------------
# Containers
# -------------------------------------------------------------------------------------------------


def _strided(numbers: np.ndarray) -> np.ndarray:
    return np.repeat(np.repeat(numbers, 2, axis=0), 2, axis=1)[::2, ::2]


def _read_only(numbers: np.ndarray) -> np.ndarray:
    numbers = np.ascontiguousarray(numbers)
    numbers.flags.writeable = False
    return numbers


def _whole(numbers: np.ndarray, dtype: Any) -> np.ndarray:
    return np.clip(np.nan_to_num(numbers), -(2**31), 2**31 - 1).astype(dtype)


def _single(numbers: np.ndarray) -> np.ndarray:
    with np.errstate(over="ignore"):
        single = numbers.astype(np.float32)
    return np.clip(single, np.finfo(np.float32).min, np.finfo(np.float32).max)


#: Containers of numbers: name -> float64 array -> X.
ARRAYS: dict[str, Callable[[np.ndarray], Any]] = {
    "array": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "strided": _strided,
    "reversed": lambda numbers: np.ascontiguousarray(numbers[::-1, ::-1])[::-1, ::-1],
    "read_only": _read_only,
    "float32": _single,
    "float32_fortran": lambda numbers: np.asfortranarray(_single(numbers)),
    "big_endian": lambda numbers: numbers.astype(">f8"),
    "int": lambda numbers: _whole(numbers, int),
    "uint8": lambda numbers: _whole(numbers, np.uint8),
    "boolean": lambda numbers: np.nan_to_num(numbers) > 0,
    "list": lambda numbers: numbers.tolist(),
}
#: Sparse containers, of numbers that are not missing.
SPARSE: dict[str, Callable[[np.ndarray], Any]] = {
    "csr": lambda numbers: sparse.csr_matrix(np.nan_to_num(numbers)),
    "csc": lambda numbers: sparse.csc_array(np.nan_to_num(numbers)),
    "coo": lambda numbers: sparse.coo_matrix(np.nan_to_num(numbers)),
    "csr32": lambda numbers: sparse.csr_array(_single(np.nan_to_num(numbers))),
}
#: Containers of any columns.
TABLES = ("frame", "object", "object_list", "frame_of_numbers", "frame_with_index")
CONTAINERS = (*ARRAYS, *SPARSE, *TABLES)


def make_columns(data: Data, n: int, rng: np.random.RandomState) -> Any:
    """Rows of the columns."""
    kinds, container = data.columns, data.container
    if container in ARRAYS:
        return ARRAYS[container](_numbers(kinds, n, rng))
    if container in SPARSE:
        return SPARSE[container](_numbers(kinds, n, rng) * (rng.rand(n, len(kinds)) < 0.5))
    if container == "frame_of_numbers":
        return pd.DataFrame(_numbers(kinds, n, rng))  # the names are ints
    series = _series(kinds, n, rng)
    frame = pd.DataFrame({f"c{j}": each for j, each in enumerate(series)})
    if container == "frame":
        return frame
    if container == "frame_with_index":
        return frame.set_axis([7] * n)
    table = np.empty((n, len(kinds)), dtype=object)
    for j, each in enumerate(series):
        table[:, j] = each.astype(object)
    return table if container == "object" else table.tolist()
