"""Targets, weights and offsets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from fuzz.columns import NUMBERS, outliers
from scipy import sparse


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
    "outliers": outliers,
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
