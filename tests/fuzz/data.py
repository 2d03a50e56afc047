"""From the description of data to rows, targets and weights; the same ones in any process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from fuzz.cases import Data
from scipy import sparse


class Rows(NamedTuple):
    """As the estimator gets them."""

    X: Any
    y: Any
    weights: Any = None
    offset: Any = None

    def take(self, index: np.ndarray) -> Rows:
        """Some of the rows, in containers of the same kind."""
        return Rows(*(None if each is None else take(each, index) for each in self))


def n_rows(X: Any) -> int:
    return X.shape[0] if hasattr(X, "shape") else len(X)


def take(values: Any, index: np.ndarray) -> Any:
    """Some rows of any container."""
    if isinstance(values, list):
        return [values[i] for i in index]
    if hasattr(values, "iloc"):
        return values.iloc[index]
    if sparse.issparse(values):
        return values.tocsr()[index].asformat(values.format)
    return values[index]


# -------------------------------------------------------------------------------------------------
# Columns
# -------------------------------------------------------------------------------------------------

_WORDS = np.array(["red", "green", "blue", "", "é", "$x_1$", "red ", "1.0"], dtype=object)


def _with_gaps(values: np.ndarray, rng: np.random.RandomState, missing: Any = np.nan) -> np.ndarray:
    values = values.copy()
    values[rng.rand(values.size) < 0.3] = missing
    return values


def _outliers(n: int, rng: np.random.RandomState) -> np.ndarray:
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
    "outliers": _outliers,
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


# -------------------------------------------------------------------------------------------------
# Targets and weights
# -------------------------------------------------------------------------------------------------


def _rare(n: int, rng: np.random.RandomState) -> np.ndarray:
    labels = rng.randint(0, 2, n)
    labels[rng.randint(n)] = 7
    return labels


def _frequencies(n: int, rng: np.random.RandomState) -> np.ndarray:
    return np.minimum(rng.geometric(0.4, n), 5)


#: Labels: name -> (n_rows, random) -> y.
LABELS: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "binary": lambda n, rng: rng.randint(0, 2, n),
    "multiclass": lambda n, rng: rng.randint(0, 4, n),
    "words": lambda n, rng: np.array(["no", "yes", "maybe"])[rng.randint(0, 3, n)],
    "objects": lambda n, rng: np.array(["no", "yes"], dtype=object)[rng.randint(0, 2, n)],
    "bool": lambda n, rng: rng.rand(n) < 0.3,
    "rare": _rare,
    "unequal": _frequencies,
    "all_differ": lambda n, rng: rng.permutation(n),
    "single": lambda n, rng: np.full(n, 3),
    "single_word": lambda n, rng: np.full(n, "only"),
    "big_ints": lambda n, rng: 2**53 + rng.randint(0, 3, n),
    "negative": lambda n, rng: rng.randint(0, 2, n) * 2 - 1,
    "float_labels": lambda n, rng: rng.randint(0, 3, n).astype(float),
    "multilabel": lambda n, rng: rng.randint(0, 2, (n, 3)),
    "multilabel_constant": lambda n, rng: np.tile([0, 1], (n, 1)),
    "multilabel_sparse": lambda n, rng: sparse.csr_matrix(rng.randint(0, 2, (n, 2))),
    "list": lambda n, rng: rng.randint(0, 3, n).tolist(),
    "series": lambda n, rng: pd.Series(rng.randint(0, 2, n), index=np.arange(n) + 5),
    "categories": lambda n, rng: pd.Series(
        pd.Categorical.from_codes(rng.randint(0, 2, n), ["b", "a", "never"])
    ),
    "nullable": lambda n, rng: pd.Series(rng.randint(0, 3, n), dtype="Int64"),
    "column": lambda n, rng: rng.randint(0, 2, (n, 1)),
}  # fmt: skip
#: Labels with one number for each row or label: ``monotonic_cst`` takes no others.
TWO_CLASSES = (
    "binary", "objects", "bool", "multilabel", "multilabel_constant", "multilabel_sparse", "series",
    "categories", "negative", "column",
)  # fmt: skip
#: Several columns of labels.
LABEL_COLUMNS: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "columns": lambda n, rng: np.c_[rng.randint(5, 9, n), rng.randint(1, 3, n)],
    "columns_words": lambda n, rng: np.array(["no", "yes", "maybe"])[rng.randint(0, 3, (n, 2))],
    "columns_mixed": lambda n, rng: pd.DataFrame(
        {"a": np.array(["x", "longer"], dtype=object)[rng.randint(0, 2, n)],
         "b": rng.randint(0, 3, n)}, index=np.arange(n) + 5,
    ),
    "columns_constant": lambda n, rng: np.c_[
        np.full(n, 7), rng.randint(0, 3, n), rng.permutation(n)
    ],
    "columns_list": lambda n, rng: rng.randint(2, 6, (n, 3)).tolist(),
}  # fmt: skip
#: Numbers: name -> (n_rows, random) -> y, of any sign.
VALUES: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "normal": lambda n, rng: rng.randn(n),
    "two": lambda n, rng: rng.randn(n, 2) * [1, 100],
    "three": lambda n, rng: np.c_[rng.randn(n), np.full(n, 2.0), rng.poisson(1, n)],
    "column": lambda n, rng: rng.randn(n, 1),
    "constant": lambda n, rng: np.full(n, 7.3),
    "zero": lambda n, rng: np.zeros(n),
    "ints": lambda n, rng: rng.randint(-9, 9, n),
    "bool": lambda n, rng: rng.rand(n) < 0.5,
    "float32": lambda n, rng: rng.randn(n).astype(np.float32),
    "shifted": lambda n, rng: 1e8 + rng.randn(n),
    "outliers": _outliers,
    "huge": lambda n, rng: rng.randn(n) * 1e300,
    "largest": NUMBERS["largest"],
    "large32": lambda n, rng: rng.randn(n) * 1e37,
    "tiny": lambda n, rng: rng.randn(n) * 1e-300,
    "subnormal": lambda n, rng: rng.randint(-3, 4, n) * 5e-324,
    "big_ints": lambda n, rng: 2**60 + rng.randint(0, 9, n),
    "list": lambda n, rng: rng.randn(n).tolist(),
    "series": lambda n, rng: pd.Series(rng.randn(n), index=np.arange(n) + 5),
    "frame": lambda n, rng: pd.DataFrame(rng.randn(n, 2), columns=["a", "b"]),
    "nullable": lambda n, rng: pd.Series(rng.randn(n), dtype="Float64"),
    "objects": lambda n, rng: rng.randn(n).astype(object),
}
#: Numbers above 0.
POSITIVE: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "lognormal": lambda n, rng: np.exp(rng.randn(n)),
    "counts_from_1": lambda n, rng: 1 + rng.poisson(2, n),
    "positive_two": lambda n, rng: np.exp(rng.randn(n, 2) * [1, 3]),
    "positive_constant": lambda n, rng: np.full(n, 0.25),
    "positive_huge": lambda n, rng: np.exp(rng.randn(n)) * 1e299,
    "positive_tiny": lambda n, rng: np.exp(rng.randn(n)) * 1e-299,
    "positive_scales": lambda n, rng: 10.0 ** rng.randint(-30, 30, n),
}
#: Numbers of at least 0.
COUNTS: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "counts": lambda n, rng: rng.poisson(2, n),
    "rare_counts": lambda n, rng: np.append(1, rng.poisson(0.1, n - 1)),
    "exposure": lambda n, rng: np.append(1, rng.poisson(1, n - 1)) / rng.uniform(0.01, 1, n),
    **POSITIVE,
}

TARGETS = {"classification": {**LABELS, **LABEL_COLUMNS}, "regression": {**VALUES, **COUNTS}}

#: Weights: name -> (n_rows, random) -> sample_weight.
WEIGHTS: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "ones": lambda n, rng: np.ones(n),
    "uniform": lambda n, rng: rng.uniform(0.1, 2, n),
    "integers": lambda n, rng: np.append(1, rng.poisson(1, n - 1)),
    "some_zero": lambda n, rng: np.append(1.0, (rng.rand(n - 1) < 0.6) * 1.0),
    "one_row": lambda n, rng: (np.arange(n) == 0) * 1.0,
    "huge": lambda n, rng: rng.uniform(1, 2, n) * 1e300,
    "largest": lambda n, rng: np.full(n, np.finfo(float).max),
    "tiny": lambda n, rng: rng.uniform(1, 2, n) * 1e-300,
    "unequal": lambda n, rng: 10.0 ** rng.randint(-20, 20, n),
    "list": lambda n, rng: rng.uniform(0.1, 2, n).tolist(),
    "float32": lambda n, rng: rng.uniform(0.1, 2, n).astype(np.float32),
    "series": lambda n, rng: pd.Series(rng.uniform(0.1, 2, n), index=np.arange(n) + 9),
}

#: Logarithms of exposures: name -> (n_rows, random) -> offset.
OFFSETS: dict[str, Callable[[int, np.random.RandomState], Any]] = {
    "zeros": lambda n, rng: np.zeros(n),
    "exposure": lambda n, rng: np.log(rng.uniform(0.01, 1, n)),
    "normal": lambda n, rng: rng.randn(n),
    "wide": lambda n, rng: rng.uniform(-30, 30, n),
    "ints": lambda n, rng: rng.randint(-2, 3, n),
    "list": lambda n, rng: rng.randn(n).tolist(),
    "series": lambda n, rng: pd.Series(rng.randn(n), index=np.arange(n) + 9),
    "column": lambda n, rng: rng.randn(n, 1),
}


# -------------------------------------------------------------------------------------------------
# Defects
# -------------------------------------------------------------------------------------------------


def _spoilt(X: Any, value: Any) -> Any:
    if isinstance(X, list):
        return [[value, *X[0][1:]], *X[1:]]
    X = X.copy()
    if hasattr(X, "iloc"):
        X = X.astype({X.columns[0]: object})
        X.iloc[0, 0] = value
        return X
    if sparse.issparse(X):
        X = X.tolil()
    X = X if X.dtype.kind in "fO" else X.astype(float)
    X[0, 0] = value
    return X.asformat("csr") if sparse.issparse(X) else X


def _missing_target(y: Any, value: Any) -> Any:
    values = (y.toarray() if sparse.issparse(y) else np.asarray(y)).astype(object)
    values[(0,) * values.ndim] = value
    return values


def _bad_weight(rows: Rows, value: float) -> Rows:
    weights = np.ones(n_rows(rows.X))
    weights[0] = value
    return rows._replace(weights=weights)


def _flat(X: Any) -> Any:
    return take(X, np.arange(1))[0] if isinstance(X, list) else np.zeros(n_rows(X))


#: What can be wrong: name -> rows -> rows. Refused, all of them.
DEFECTS: dict[str, Callable[[Rows], Rows]] = {
    "infinity": lambda rows: rows._replace(X=_spoilt(rows.X, np.inf)),
    "short_y": lambda rows: rows._replace(y=take(rows.y, np.arange(n_rows(rows.X) - 1))),
    "short_weights": lambda rows: rows._replace(weights=np.ones(n_rows(rows.X) + 1)),
    "missing_target": lambda rows: rows._replace(y=_missing_target(rows.y, np.nan)),
    "none_target": lambda rows: rows._replace(y=_missing_target(rows.y, None)),
    "na_target": lambda rows: rows._replace(y=_missing_target(rows.y, pd.NA)),
    "infinite_target": lambda rows: rows._replace(y=_missing_target(rows.y, np.inf)),
    "negative_weight": lambda rows: _bad_weight(rows, -1.0),
    "nan_weight": lambda rows: _bad_weight(rows, np.nan),
    "zero_weights": lambda rows: rows._replace(weights=np.zeros(n_rows(rows.X))),
    "no_rows": lambda rows: rows.take(np.arange(0)),
    "one_dimension": lambda rows: rows._replace(X=_flat(rows.X)),
    "no_target": lambda rows: rows._replace(y=None),
}
#: Of a regressor alone.
OFFSET_DEFECTS: dict[str, Callable[[Rows], Rows]] = {
    "missing_offset": lambda rows: rows._replace(offset=np.full(n_rows(rows.X), np.nan)),
    "large_offset": lambda rows: rows._replace(offset=np.full(n_rows(rows.X), 1e6)),
    "short_offset": lambda rows: rows._replace(offset=np.zeros(n_rows(rows.X) - 1)),
}


def defects_of(task: str) -> dict[str, Callable[[Rows], Rows]]:
    """What can be wrong with the rows of a task."""
    return DEFECTS if task == "classification" else {**DEFECTS, **OFFSET_DEFECTS}


def make_rows(data: Data, task: str) -> Rows:
    """Rows to train with."""
    rng = np.random.RandomState(data.seed)
    X = make_columns(data, data.n_rows, rng)
    y = TARGETS[task][data.target](data.n_rows, rng)
    weights = None if data.weights is None else WEIGHTS[data.weights](data.n_rows, rng)
    offset = None if data.offset is None else OFFSETS[data.offset](data.n_rows, rng)
    rows = Rows(X, y, weights, offset)
    return rows if data.defect is None else defects_of(task)[data.defect](rows)


def dense_targets(y: Any) -> np.ndarray:
    """Targets as an array; a single column is a vector."""
    y = y.toarray() if sparse.issparse(y) else np.asarray(y)
    return y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y


def numbers_of(rows: Rows) -> np.ndarray:
    """Targets of a regressor, for an offset of 0."""
    y = dense_targets(rows.y).astype(float)
    if rows.offset is None:
        return y
    with np.errstate(over="ignore"):
        return (y.T / np.exp(np.asarray(rows.offset, dtype=float).ravel())).T


def make_new(data: Data, n: int) -> Any:
    """Other rows of the same columns, with values and categories that training has not seen."""
    return make_columns(data, n, np.random.RandomState(data.seed ^ 0x5EED))
